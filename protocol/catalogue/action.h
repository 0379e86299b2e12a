// SPDX-License-Identifier: Apache-2.0
// Any message that a vehicle takes, as protobuf JSON: for what has no row.
#pragma once

#include <string>
#include <string_view>

#include "protocol/failure.h"
#include "protocol/payload.h"

namespace fleetsign::catalogue {

struct Action {
  std::string name;  ///< of the field of VehicleAction or UnsignedMessage that is set, for logs
  protocol::Payload payload;
};

/// {"domain": "infotainment", "action": {…VehicleAction…}} or {"domain": "vehicle_security", "message":
/// {…UnsignedMessage…}}, each with exactly one member. Nothing is known of what a second execution does: Repeat::once.
/// Fails with too_large (kMaxBody) or bad_request: not JSON, nested deeper than 16, a member given twice or unknown, a
/// value of another type. Messages name members, never values.
protocol::Result<Action> parse_action(std::string_view body);

}  // namespace fleetsign::catalogue
