// SPDX-License-Identifier: Apache-2.0
// What a caller's rules say to a request, and what it costs.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

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

/// The VINs in the body of a request that is about vehicles and has none in its path.
std::vector<std::string> vehicles_in_body(const http::Request& request) {
  constexpr std::array<std::string_view, 2> kPaths = {"/api/1/vehicles/fleet_status",
                                                      "/api/1/vehicles/fleet_telemetry_config"};
  if (request.method != "POST" || std::ranges::find(kPaths, std::string_view(request.path)) == kPaths.end()) return {};
  const auto body = nlohmann::json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  const auto vins = body.is_object() ? body.value("vins", nlohmann::json::array()) : nlohmann::json::array();
  std::vector<std::string> all;
  for (const auto& each : vins) {
    auto vin = each.is_string() ? protocol::read_vin(each.get_ref<const std::string&>()) : std::nullopt;
    if (!vin) return {};
    all.push_back(*std::move(vin));
  }
  return all;
}

/// The account of all these vehicles; empty where they have none, or not the same.
std::string account_of(const std::vector<std::string>& vins, const config::Vehicles& vehicles) {
  std::string account;
  for (const auto& vin : vins) {
    const auto named = std::ranges::find_if(vehicles, [&](const auto& each) { return each.second.vin == vin; });
    const auto own = named == vehicles.end() ? std::string() : named->second.account.value_or("");
    if (own.empty() || (!account.empty() && own != account)) return {};
    account = own;
  }
  return account;
}

}  // namespace

std::string Api::account_for(const Context& context) const {
  const auto& caller = context.caller;
  const auto& path = context.request.path;
  if (!caller.borrows) return caller.account;
  const auto in_path = access::vehicles_of(path);
  const bool is_for_one = access::is_for_a_vehicle(path) && in_path.size() == 1;
  const auto vins = is_for_one ? in_path : vehicles_in_body(context.request);
  const auto account = account_of(vins, options_.vehicles);
  // What is in the path has been looked at.
  return account.empty() || refuse_vehicles(context, vins) ? caller.account : account;
}

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
