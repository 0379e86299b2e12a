// SPDX-License-Identifier: Apache-2.0
// One domain of a vehicle, in memory: the other half of the protocol, written from its description with crypto/ and
// the messages alone and with nothing of protocol/, so that the two halves check each other. It knows one client.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "crypto/aes_gcm.h"
#include "crypto/private_key.h"
#include "protocol/proto/universal_message.pb.h"

namespace fleetsign::protocol::test {

using UniversalMessage::RoutableMessage;

enum class Attach : std::uint8_t { nothing, session_info };

/// What the vehicle answers in place of doing what was asked.
struct Excuse {
  UniversalMessage::MessageFault_E fault = UniversalMessage::MESSAGEFAULT_ERROR_NONE;
  Attach attach = Attach::nothing;
  UniversalMessage::OperationStatus_E status = UniversalMessage::OPERATIONSTATUS_ERROR;
};

class FakeVehicle {
 public:
  struct Execution {
    std::string uuid;  ///< of the request
    std::uint32_t counter = 0;
    std::string payload;
  };

  /// Paired with the client; a key and an epoch of its own, the clock at 1000 s.
  FakeVehicle(UniversalMessage::Domain domain, std::string vin, const crypto::PublicPoint& client);

  /// A new epoch, its clock at zero, no counter used.
  void reboot();
  /// A new computer: another key in a new epoch, the same paired client.
  void rotate_key();
  /// The key, epoch and counter of a known answer.
  void become(crypto::PrivateKey key, std::string epoch, std::uint32_t counter);
  void set_paired(bool paired) { paired_ = paired; }

  void pass(std::chrono::nanoseconds time) { time_ += time; }
  void set_time(std::chrono::nanoseconds time) { time_ = time; }
  [[nodiscard]] std::chrono::nanoseconds time() const { return time_; }

  /// Answers to the next requests, one each.
  std::deque<Excuse> excuses;
  /// What commands are answered with, in place of carrying them out.
  std::optional<std::string> payload;
  /// Firmware before 2024.38 does not.
  bool encrypts_replies = true;
  /// The session info for a client that is not paired: complete and tagged, or nothing but its status.
  bool tags_when_unpaired = false;

  RoutableMessage answer(const RoutableMessage& request);
  /// A reply that belongs to the request and says only this.
  RoutableMessage decline(const RoutableMessage& request, const Excuse& excuse);
  /// The vehicle's state for its client, tagged for this request.
  void attach_session_info(RoutableMessage& reply, const RoutableMessage& request);
  /// The same session info with the vehicle's own key in it, under which it is tagged; other bytes as they are.
  [[nodiscard]] std::string with_own_key(const std::string& session_info) const;
  /// Tags whatever session info is in the reply.
  void tag_session_info(RoutableMessage& reply, const RoutableMessage& request) const;
  /// Makes the payload of a reply to a command unreadable for others.
  void encrypt(RoutableMessage& reply, const RoutableMessage& request);

  /// In the order in which it happened.
  [[nodiscard]] const std::vector<Execution>& executed() const { return executed_; }
  [[nodiscard]] const std::string& epoch() const { return epoch_; }
  [[nodiscard]] std::uint32_t highest_counter() const { return highest_counter_; }
  /// Somebody else with the client's key has used the counters up to this one.
  void skip_to(std::uint32_t counter);

 private:
  RoutableMessage answer_command(const RoutableMessage& request);
  [[nodiscard]] std::optional<Excuse> objection(const RoutableMessage& request) const;
  [[nodiscard]] bool was_used(std::uint32_t counter) const;
  void note_use(std::uint32_t counter);
  [[nodiscard]] std::uint32_t seconds() const;

  UniversalMessage::Domain domain_;
  std::string vin_;
  std::string client_;
  bool paired_ = true;
  crypto::PrivateKey key_;
  crypto::AesKey shared_key_;
  std::string epoch_;
  std::chrono::nanoseconds time_ = std::chrono::seconds(1000);
  std::uint32_t highest_counter_ = 0;
  std::uint32_t used_ = 0;  // bit n: the counter n + 1 below the highest was used
  std::uint32_t replies_ = 0;
  std::vector<Execution> executed_{};
};

crypto::Bytes to_bytes(const google::protobuf::Message& message);
/// Of bytes that are a message; std::invalid_argument otherwise.
RoutableMessage to_message(crypto::ByteView bytes);

}  // namespace fleetsign::protocol::test
