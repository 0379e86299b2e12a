// SPDX-License-Identifier: Apache-2.0
// What a caller's rules say to a request, and what it costs.
#include <algorithm>

#include "daemon/access/requests.h"
#include "daemon/api/api.h"
#include "daemon/api/request.h"
#include "protocol/vin.h"

namespace fleetsign::api {
namespace {

using upstream::Category;

/// The command that is confirmed; empty also when there are several.
std::string confirmation_of(const http::Request& request) {
  constexpr std::string_view kConfirm = "X-Confirm";
  const auto* value = request.headers.find(kConfirm);
  return value == nullptr || request.headers.count(kConfirm) > 1 ? std::string() : *value;
}

/// Whether the query says so; what it says otherwise is refused elsewhere, if it means nothing.
bool is_set(const http::Request& request, std::string_view flag) {
  const auto value = flag_in(request.query, flag);
  return value && *value;
}

}  // namespace

std::optional<protocol::Failure> Api::refuse_action(const Context& context) const {
  const auto& request = context.request;
  const bool is_command = !access::command_of(request.method, request.path).empty();
  return parts_.policy.may_do(
      context.caller.entry,
      {.method = request.method, .path = request.path, .wakes = is_command && is_set(request, kWake)},
      confirmation_of(request));
}

std::vector<std::string> Api::vehicles_in_path(const Context& context) const {
  auto vehicles = access::vehicles_of(context.request.path);
  for (auto& vehicle : vehicles) {
    if (!protocol::is_fleet_api_id(vehicle) || !context.caller.token) continue;
    if (auto vin = parts_.vehicle_list.known(vehicle, *context.caller.token)) vehicle = *std::move(vin);
  }
  return vehicles;
}

std::optional<protocol::Failure> Api::refuse_vehicles(const Context& context,
                                                      const std::vector<std::string>& vehicles) const {
  return parts_.policy.may_reach(context.caller.entry, vehicles);
}

std::uint64_t Api::expected_cost(const Context& context) const {
  const auto& request = context.request;
  const auto prices = parts_.ledger.prices();
  if (is_set(request, kDryRun)) return 0;
  const auto command = access::command_of(request.method, request.path);
  if (command == "wake_up") return prices.wakes;
  // A vehicle that is awake costs no more, which is counted in the end.
  const auto wake = flag_in(request.query, kWake, options_.auto_wake);
  if (!command.empty()) return prices.commands + (wake && *wake ? prices.wakes : 0);
  const auto charge = upstream::charge_of(request.method, request.path);
  return charge ? prices[charge->category] : 0;
}

void Api::spend(const Context& context, Category category, int billed) const {
  if (context.admission == nullptr) return;
  context.admission->spend(parts_.ledger.prices()[category] * static_cast<std::uint64_t>(std::max(billed, 0)));
}

}  // namespace fleetsign::api
