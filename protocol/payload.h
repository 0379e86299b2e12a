// SPDX-License-Identifier: Apache-2.0
// A command as the vehicle reads it, before anything authenticates it.
#pragma once

#include <cstdint>
#include <string_view>

#include "crypto/bytes.h"

namespace fleetsign::protocol {

/// The subsystems of a vehicle that take commands; the values are UniversalMessage.Domain's.
enum class Domain : std::uint8_t { vehicle_security = 2, infotainment = 3 };
std::string_view to_string(Domain domain);

/// What a second execution does. `once`: it undoes or repeats the first (a trunk, a horn), so never on doubt.
enum class Repeat : std::uint8_t { safe, once };
std::string_view to_string(Repeat repeat);

/// How a refusal of the vehicle is read.
enum class Refusal : std::uint8_t {
  is_final,
  already_off_is_success,  ///< switching valet mode off where it is off
};

struct Payload {
  Domain domain = Domain::infotainment;
  crypto::Bytes bytes;  ///< VCSEC.UnsignedMessage or CarServer.Action, serialised
  Repeat repeat = Repeat::once;
  Refusal refusal = Refusal::is_final;
};

}  // namespace fleetsign::protocol
