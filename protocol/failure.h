// SPDX-License-Identifier: Apache-2.0
// What can go wrong, as one table of kinds. Status, retry and hint come from the rows, never from code.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/result.h"

namespace fleetsign::protocol {

enum class Kind : std::uint8_t {
  bad_request,
  bad_parameter,
  unknown_command,
  not_authenticated,
  not_allowed,
  forbidden_by_vehicle,
  not_found,
  bad_vin,
  method_not_allowed,
  vehicle_unavailable,
  request_timeout,
  key_not_paired,
  too_large,
  uri_too_long,
  headers_too_large,
  not_supported,
  idempotency_conflict,
  confirmation_required,
  local_rate,
  local_budget,
  overloaded,
  shutting_down,
  vehicle_busy,
  state_unavailable,
  login_required,
  unreachable,
  vehicle_error,
  vehicle_key_changed,
  vehicle_error_unclear,
  upstream_malformed,
  untrusted_reply,
  expired_unsent,
  no_reply,
  upstream_error,
  internal,
};

/// Whether the vehicle acted. `unknown` is an answer too: it forbids trying again blindly.
enum class Executed : std::uint8_t { no, unknown, yes };
std::string_view to_string(Executed executed);

struct KindRow {
  Kind kind;
  std::string_view error_code;  ///< stable, for programs
  int status;                   ///< HTTP status; 0: as received from Fleet API
  Executed executed;
  int retry_after;        ///< seconds for Retry-After; 0: no such header
  std::string_view hint;  ///< what to do, unless the failure has a hint of its own
};

/// One row for each Kind, in the order of the enumeration.
std::span<const KindRow> kinds();
const KindRow& row_of(Kind kind);

struct Failure {
  Kind kind = Kind::internal;
  std::string message;                    ///< in words; never a secret, a body or a whole VIN
  std::string hint = {};                  ///< instead of the row's
  std::optional<Executed> executed = {};  ///< instead of the row's
  bool authenticated = false;             ///< the vehicle's reply that led to it proves to be its own
  std::optional<int> retry_after = {};    ///< seconds; instead of the row's

  [[nodiscard]] Executed was_executed() const { return executed.value_or(row_of(kind).executed); }
  [[nodiscard]] std::string_view hint_or_default() const;
};

template <class T>
using Result = crypto::Result<T, Failure>;

}  // namespace fleetsign::protocol
