// SPDX-License-Identifier: Apache-2.0
// Which kinds of failure an exchange may end in; the others are the daemon's.
#pragma once

#include "protocol/failure.h"

namespace fleetsign::protocol::test {

/// Without a default, so that a new kind must be put on one side or the other.
constexpr bool may_come_of_an_exchange(Kind kind) {
  switch (kind) {
    case Kind::forbidden_by_vehicle:
    case Kind::vehicle_unavailable:
    case Kind::key_not_paired:
    case Kind::not_supported:
    case Kind::shutting_down:
    case Kind::vehicle_busy:
    case Kind::unreachable:
    case Kind::vehicle_error:
    case Kind::vehicle_key_changed:
    case Kind::vehicle_error_unclear:
    case Kind::upstream_malformed:
    case Kind::untrusted_reply:
    case Kind::expired_unsent:
    case Kind::no_reply:
    case Kind::upstream_error:
      return true;
    case Kind::bad_request:
    case Kind::bad_parameter:
    case Kind::unknown_command:
    case Kind::not_authenticated:
    case Kind::not_allowed:
    case Kind::not_found:
    case Kind::bad_vin:
    case Kind::method_not_allowed:
    case Kind::request_timeout:
    case Kind::too_large:
    case Kind::uri_too_long:
    case Kind::headers_too_large:
    case Kind::idempotency_conflict:
    case Kind::confirmation_required:
    case Kind::local_rate:
    case Kind::local_budget:
    case Kind::overloaded:
    case Kind::state_unavailable:
    case Kind::login_required:
    case Kind::internal:
      return false;
  }
  return false;
}

}  // namespace fleetsign::protocol::test
