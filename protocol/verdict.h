// SPDX-License-Identifier: Apache-2.0
// What a reply without a fault says of the command (session_protocol.md, "What a reply means").
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "protocol/envelope.h"
#include "protocol/failure.h"
#include "protocol/payload.h"

namespace fleetsign::protocol {

/// The vehicle did it.
struct Accepted {};
/// The vehicle understood and declined. The reason is its own bare text, or the name of its error.
struct Refused {
  std::string reason;
};
/// Not now; nothing was done.
struct NotNow {};
/// The protocol layer did not let it through: what VCSEC's payload says of that in its own words.
struct Fault {
  std::uint32_t code = 0;  ///< the MessageFault_E of the same meaning
  std::string name;        ///< as the vehicle calls it
};

using Verdict = std::variant<Accepted, Refused, NotNow, Fault, Failure>;

/// Only for replies whose fault is 0.
Verdict read_verdict(Domain domain, const Reply& reply);

}  // namespace fleetsign::protocol
