// SPDX-License-Identifier: Apache-2.0
// The client's half of the protocol, as far as the tests of the simulator need it. It is written from the facts, with
// crypto/ alone, so that nothing of the vehicle's half can agree with itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/aes_gcm.h"
#include "crypto/bytes.h"
#include "crypto/digest.h"
#include "crypto/private_key.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/universal_message.pb.h"
#include "protocol/proto/vcsec.pb.h"

namespace fleetsign::test {

using UniversalMessage::RoutableMessage;

inline constexpr auto kSecurity = UniversalMessage::DOMAIN_VEHICLE_SECURITY;
inline constexpr auto kInfotainment = UniversalMessage::DOMAIN_INFOTAINMENT;

/// What a client knows of a domain once a session info has been verified.
struct ClientSession {
  std::string domain_key;
  std::string epoch;
  std::uint32_t counter = 0;
  std::uint32_t clock_time = 0;
};

/// What of a command differs from an ordinary one.
struct CommandOptions {
  std::optional<std::uint32_t> counter;     ///< else the next one
  std::optional<std::uint32_t> expires_at;  ///< else ten seconds after the last session info
  std::optional<std::string> epoch;
  std::uint32_t flags = 2;  ///< asks for an encrypted reply
};

class Client {
 public:
  explicit Client(std::string vin, crypto::PrivateKey key = crypto::PrivateKey::generate())
      : vin_(std::move(vin)), key_(std::move(key)) {}

  [[nodiscard]] crypto::PublicPoint point() const { return key_.public_point(); }
  [[nodiscard]] const crypto::PrivateKey& key() const { return key_; }

  [[nodiscard]] RoutableMessage handshake(UniversalMessage::Domain domain) const;
  /// Verifies the tag and takes over what the info says. False when it is not from this vehicle to this request.
  bool adopt(const RoutableMessage& request, const RoutableMessage& reply);

  RoutableMessage command(UniversalMessage::Domain domain, const std::string& payload,
                          const CommandOptions& options = {});
  RoutableMessage command(const CarServer::VehicleAction& action, const CommandOptions& options = {});
  RoutableMessage command(const VCSEC::UnsignedMessage& message, const CommandOptions& options = {});
  /// Computes the tag anew, after a change to a command.
  void sign(RoutableMessage& command) const;

  /// The plaintext of an encrypted reply to this command; nothing when the reply is not for it.
  [[nodiscard]] std::optional<std::string> open(const RoutableMessage& command, const RoutableMessage& reply) const;

  [[nodiscard]] ClientSession& session(UniversalMessage::Domain domain) { return sessions_[domain]; }

 private:
  [[nodiscard]] crypto::AesKey session_key(std::string_view domain_key) const;

  std::string vin_;
  crypto::PrivateKey key_;
  std::map<UniversalMessage::Domain, ClientSession> sessions_;
};

}  // namespace fleetsign::test
