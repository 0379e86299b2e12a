// SPDX-License-Identifier: Apache-2.0
// What a reply without a fault says of the command (session_protocol.md, "What a reply means").
#pragma once

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

using Verdict = std::variant<Accepted, Refused, NotNow, Failure>;

/// Only for replies whose fault is 0.
Verdict read_verdict(Domain domain, const Reply& reply);

}  // namespace fleetsign::protocol
