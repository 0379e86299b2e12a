// SPDX-License-Identifier: Apache-2.0
// English that Fleet API and vehicles write and that must be matched, for want of a code. Matched nowhere else.
#pragma once

#include <cstdint>
#include <string_view>

namespace fleetsign::protocol {

enum class Phrase : std::uint8_t {
  asleep,             ///< in a 408: the vehicle is offline or asleep, so nothing can have reached it
  protocol_required,  ///< in a 403 to an unsigned command
  no_protocol,        ///< in a 422 to a handshake
  mobile_access_off,  ///< in a 401: switched off in the vehicle, so that no token helps
  already_off,        ///< the end of a refusal
  other_region,       ///< in a 421, before the base URL to use
};

/// Whether the text holds the phrase (for already_off: ends in it).
bool says(std::string_view text, Phrase phrase);

/// What stands behind the phrase; empty when the text does not hold it.
std::string_view behind(std::string_view text, Phrase phrase);

}  // namespace fleetsign::protocol
