// SPDX-License-Identifier: Apache-2.0
// One of the two computers of a vehicle that verify commands: key pair, epoch, clock, and a window for each client.
// Not locked: the vehicle that owns it locks.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/aes_gcm.h"
#include "crypto/private_key.h"
#include "protocol/proto/universal_message.pb.h"
#include "simulator/window.h"

namespace fleetsign::simulator {

using Milliseconds = std::chrono::milliseconds;
using Fault = UniversalMessage::MessageFault_E;
using Message = UniversalMessage::RoutableMessage;

/// What a domain is when the simulation starts.
struct DomainStart {
  UniversalMessage::Domain name{};
  crypto::PrivateKey key;
  std::array<std::uint8_t, 16> epoch{};
  std::uint32_t clock_time = 0;  ///< seconds since the domain booted
  std::uint32_t counter = 0;     ///< the highest one seen so far, of every client
};

class Domain {
 public:
  /// `now` is on the simulation's clock, as every `now` here. Clients are known by their place in `clients`.
  Domain(DomainStart start, std::string vin, const std::vector<crypto::PublicPoint>& clients, Milliseconds now);

  [[nodiscard]] UniversalMessage::Domain name() const { return name_; }
  [[nodiscard]] std::string_view epoch() const { return epoch_; }
  [[nodiscard]] std::uint32_t clock_time(Milliseconds now) const;
  [[nodiscard]] std::uint32_t counter(std::size_t client) const { return clients_[client].window.highest(); }

  /// Puts the session info for this client into a reply, tagged for the request that it answers.
  void attach_session_info(Message& reply, const Message& request, std::size_t client, Milliseconds now);

  /// MESSAGEFAULT_ERROR_NONE when the command may be executed; its counter is then used up. Every other answer is
  /// one that carries a session info.
  [[nodiscard]] Fault admit(const Message& command, std::size_t client, Milliseconds now);

  /// Puts a payload into a reply to an admitted command, encrypted.
  void seal(Message& reply, const Message& command, std::string_view payload, std::size_t client);

  /// A new epoch: the clock starts at 0 and the windows are empty.
  void reboot(Milliseconds now);
  /// A new computer: as reboot(), with another key pair.
  void rotate_key(Milliseconds now);
  /// Moves the clock, forward or back, within the epoch.
  void skew_clock(Milliseconds by) { boot_ -= by; }
  /// As if this client key had been used elsewhere for so many commands.
  void skip_counters(std::size_t client, std::uint32_t counters) { clients_[client].window.skip(counters); }

 private:
  struct Client {
    crypto::PublicPoint point;
    std::optional<crypto::AesKey> key;  ///< K, agreed when it is first needed
    Window window;
  };
  const crypto::AesKey& key_of(Client& client);

  UniversalMessage::Domain name_;
  std::string vin_;
  crypto::PrivateKey key_;
  std::string epoch_;
  Milliseconds boot_;
  std::vector<Client> clients_;
};

}  // namespace fleetsign::simulator
