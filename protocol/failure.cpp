// SPDX-License-Identifier: Apache-2.0
#include "protocol/failure.h"

#include <array>
#include <cstddef>

namespace fleetsign::protocol {
namespace {

constexpr auto kNo = Executed::no;
constexpr auto kUnknown = Executed::unknown;

constexpr std::string_view kCheckFirst = "the vehicle may have acted: look at its state before you try again";

constexpr std::array kKinds = {
    KindRow{Kind::bad_request, "bad_request", 400, kNo, 0,
            "send a JSON object, or no body for a command without parameters"},
    KindRow{Kind::bad_parameter, "bad_parameter", 400, kNo, 0, "`fleetsign commands` lists each command's parameters"},
    KindRow{Kind::unknown_command, "unknown_command", 400, kNo, 0, "`fleetsign commands` lists what is known"},
    KindRow{Kind::not_authenticated, "not_authenticated", 401, kNo, 0, "send the header `Authorization: Bearer TOKEN`"},
    KindRow{Kind::not_allowed, "not_allowed", 403, kNo, 0, ""},
    KindRow{Kind::forbidden_by_vehicle, "forbidden_by_vehicle", 403, kNo, 0,
            "a person must act: check mobile access in the vehicle and the role of the key"},
    KindRow{Kind::not_found, "not_found", 404, kNo, 0, "Fleet API's paths are below /api/1/"},
    KindRow{Kind::bad_vin, "bad_vin", 404, kNo, 0,
            "a VIN has 17 letters and digits, without I, O and Q; names of vehicles stand in the configuration"},
    KindRow{Kind::method_not_allowed, "method_not_allowed", 405, kNo, 0,
            "the header `Allow` names the methods of this path"},
    KindRow{Kind::vehicle_unavailable, "vehicle_unavailable", 408, kNo, 0,
            "wake it first: add ?wake=true, or POST /api/1/vehicles/VIN/wake_up and wait until its state is online"},
    KindRow{Kind::request_timeout, "request_timeout", 408, kNo, 0, "send the whole request at once"},
    KindRow{Kind::key_not_paired, "key_not_paired", 412, kNo, 0,
            "pair the key: open https://tesla.com/_ak/DOMAIN on the owner's phone"},
    KindRow{Kind::too_large, "too_large", 413, kNo, 0, "send a smaller body"},
    KindRow{Kind::uri_too_long, "uri_too_long", 414, kNo, 0, "send a shorter path and query"},
    KindRow{Kind::headers_too_large, "headers_too_large", 431, kNo, 0, "send fewer or shorter header fields"},
    KindRow{Kind::not_supported, "not_supported", 422, kNo, 0, "the vehicle's firmware does not know this command"},
    KindRow{Kind::idempotency_conflict, "idempotency_conflict", 422, kNo, 0,
            "use a new Idempotency-Key for another request"},
    KindRow{Kind::confirmation_required, "confirmation_required", 428, kNo, 0,
            "repeat it with the header `X-Confirm: COMMAND`"},
    KindRow{Kind::local_rate, "local_rate", 429, kNo, 1, "this limit is fleetsign's own: nothing was sent"},
    KindRow{Kind::local_budget, "local_budget", 429, kNo, 3600, "this budget is fleetsign's own: nothing was sent"},
    KindRow{Kind::overloaded, "overloaded", 503, kNo, 1, "try again later: nothing was sent"},
    KindRow{Kind::shutting_down, "shutting_down", 503, kNo, 5, "try again later: nothing was sent"},
    KindRow{Kind::vehicle_busy, "vehicle_busy", 503, kNo, 2, "try again later: the vehicle did not accept it"},
    KindRow{Kind::state_unavailable, "state_unavailable", 503, kNo, 5,
            "make `state_dir` writable again: `fleetsign status` says what is wrong with it"},
    KindRow{Kind::login_required, "login_required", 503, kNo, 300,
            "run `fleetsign login ACCOUNT` where the daemon runs: callers cannot mend it"},
    KindRow{
        Kind::unreachable, "unreachable", 502, kNo, 0,
        "check the network, DNS and the proxy; where they are set, `fleet_api.base_url` and `fleet_api.ca_file` too"},
    KindRow{Kind::vehicle_error, "vehicle_error", 502, kNo, 0, "the vehicle reported a fault and did nothing"},
    KindRow{Kind::vehicle_key_changed, "vehicle_key_changed", 502, kNo, 0,
            "if that is expected, forget its sessions: DELETE /fleetsign/v1/vehicles/VIN/sessions"},
    KindRow{Kind::vehicle_error_unclear, "vehicle_error_unclear", 502, kUnknown, 0, kCheckFirst},
    KindRow{Kind::upstream_malformed, "upstream_malformed", 502, kUnknown, 0, kCheckFirst},
    KindRow{Kind::untrusted_reply, "untrusted_reply", 502, kUnknown, 0, kCheckFirst},
    KindRow{Kind::expired_unsent, "expired_unsent", 504, kNo, 0,
            "allow more time: the header `Prefer: wait=SECONDS`, up to `timeout_max`"},
    KindRow{Kind::no_reply, "no_reply", 504, kUnknown, 0, kCheckFirst},
    KindRow{Kind::upstream_error, "upstream_error", 0, kUnknown, 0,
            "this is Fleet API's own answer; the header `Fleetsign-Executed` says whether the vehicle may have acted"},
    KindRow{Kind::internal, "internal", 500, kUnknown, 0,
            "this is a fault of fleetsign: please report it with the request_id"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (static_cast<std::size_t>(kKinds[i].kind) != i) return false;
  }
  return kKinds.size() == static_cast<std::size_t>(Kind::internal) + 1;
}
static_assert(in_order(), "one row for each Kind, in the order of the enumeration");

}  // namespace

std::string_view to_string(Executed executed) {
  switch (executed) {
    case Executed::no:
      return "no";
    case Executed::yes:
      return "yes";
    case Executed::unknown:
      break;
  }
  return "unknown";
}

std::span<const KindRow> kinds() {
  return kKinds;
}

std::string_view Failure::hint_or_default() const {
  if (!hint.empty()) return hint;
  const auto& row = row_of(kind);
  // The row's hint is about the doubt, and this failure knows better.
  const bool without_doubt = row.hint == kCheckFirst && was_executed() == Executed::no;
  return without_doubt ? "try again: nothing was executed" : row.hint;
}

const KindRow& row_of(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

}  // namespace fleetsign::protocol
