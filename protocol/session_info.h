// SPDX-License-Identifier: Apache-2.0
// Signatures.SessionInfo, as a domain of a vehicle tells it, and the claim in which it arrives.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "crypto/bytes.h"
#include "crypto/private_key.h"
#include "protocol/time.h"

namespace fleetsign::protocol {

struct Epoch {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const Epoch&) const = default;
};

/// A request's uuid; unpredictable, so that nobody can prepare an answer.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
};

/// Where a reply is sent back to; fresh for each request, since VCSEC's replies are matched by it alone.
struct RoutingAddress {
  std::array<std::uint8_t, 16> bytes{};
};

struct SessionInfo {
  std::uint32_t counter = 0;
  crypto::PublicPoint vehicle_point{};  ///< not yet known to be on the curve
  Epoch epoch;
  VehicleTime clock_time;
  bool key_not_paired = false;  ///< Session_Info_Status KEY_NOT_ON_WHITELIST; the rest may then be missing
};

/// Nothing when the bytes are not a SessionInfo, or when key or epoch have a wrong length though the key is paired.
std::optional<SessionInfo> parse_session_info(crypto::ByteView encoded);

/// A session info as it came: nobody has verified it yet.
struct SessionInfoClaim {
  crypto::Bytes encoded;
  crypto::Bytes tag;  ///< empty when there was none
};

}  // namespace fleetsign::protocol
