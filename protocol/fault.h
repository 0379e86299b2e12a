// SPDX-License-Identifier: Apache-2.0
// UniversalMessage.MessageFault_E as a table: what each fault means, whether the vehicle acted, and what to do.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/failure.h"

namespace fleetsign::protocol {

/// What an exchange does about a fault.
enum class Remedy : std::uint8_t {
  none,                      ///< report it
  again_later,               ///< sign again after a pause, until the deadline
  repeat_when_safe,          ///< sign again once where a second execution does no harm
  resynchronise,             ///< renew the session, sign again
  resynchronise_with_info,   ///< the same, but only when the reply brings a session info; else report it
  resynchronise_and_repeat,  ///< renew the session in any case; sign again once where a second execution does no harm
};

struct FaultRow {
  std::uint32_t code;
  std::string_view name;  ///< as in the .proto, without MESSAGEFAULT_ERROR_
  Kind kind;              ///< when it is reported
  Remedy remedy;
  std::string_view meaning;
};

/// One row for each known code but 0 (no fault), in ascending order.
std::span<const FaultRow> faults();

/// The row of a code; of a code that is not known, a row that says so. Not for 0.
const FaultRow& row_of_fault(std::uint32_t code);

/// The client key is not paired with the vehicle, in the bare words that clients match on.
Failure key_not_paired();

}  // namespace fleetsign::protocol
