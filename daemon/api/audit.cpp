// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/audit.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/idempotency.h"
#include "daemon/api/reply.h"
#include "daemon/api/request.h"
#include "daemon/upstream/billing.h"
#include "protocol/catalogue/action.h"
#include "protocol/catalogue/catalogue.h"
#include "protocol/json_members.h"
#include "protocol/vin.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kMostNames = 32;
constexpr std::size_t kMostSegments = 8;
/// For a name that could be anything, such as a value in the wrong place.
constexpr const char* kAnything = "*";

constexpr std::string_view kSmall = "abcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view kCapital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

bool is_made_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.size() <= kLongestName && text.find_first_not_of(characters) == std::string_view::npos;
}

/// No number alone: that may be a PIN.
bool is_name(std::string_view text) {
  static const std::string kAll = std::string(kSmall).append(kCapital).append(kDigits);
  return is_made_of(text, kAll) && text.find_first_not_of(kDigits) == 0;
}

bool is_dry_run(const http::Request& request) {
  const auto dry_run = flag_in(request.query, kDryRun);
  return dry_run && *dry_run;
}

std::vector<std::string> vehicle_of(std::string_view tag) {
  if (auto vin = parse_vin(tag)) return {*std::move(vin)};
  if (protocol::is_fleet_api_id(tag)) return {std::string(tag)};
  return {};
}

std::vector<protocol::JsonMember> members_of(const http::Request& request) {
  auto members = protocol::read_json_members(request.body, "the body");
  return members ? *std::move(members) : std::vector<protocol::JsonMember>();
}

std::vector<std::string> names_of(const std::vector<protocol::JsonMember>& members) {
  std::vector<std::string> names;
  for (const auto& member : members) {
    if (names.size() < kMostNames && is_name(member.name)) names.push_back(member.name);
  }
  return names;
}

/// A known command's own names for its parameters; of any other, those that stand there.
std::vector<std::string> parameters_of(const catalogue::Command* command, const http::Request& request) {
  if (command == nullptr || command->route != catalogue::Route::sign) return names_of(members_of(request));
  const auto arguments = catalogue::parse_body(*command, request.body);
  return arguments ? catalogue::names_of_given(*command, *arguments) : std::vector<std::string>();
}

/// "POST vehicles/*/wake_up"
std::string name_of_passage(const http::Request& request) {
  auto segments = segments_of(request.path);
  segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                                          segments.size(), 2)));  // of every such path: /api/1
  std::string name = request.method;
  for (std::size_t i = 0; i < std::min(segments.size(), kMostSegments); ++i) {
    name += i == 0 ? ' ' : '/';
    name += is_made_of(segments[i], kSmall) ? segments[i] : kAnything;
  }
  return name;
}

std::optional<int> number_in(const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

/// Of a reply of Fleet API's; what we add to it stands in its headers.
void add_forwarded(ops::AuditEntry& entry, const http::Headers& headers, const std::string& upstream_requests) {
  const auto* error_code = headers.find("Fleetsign-Error-Code");
  const auto* executed = headers.find("Fleetsign-Executed");
  entry.executed = executed == nullptr ? "yes" : *executed;
  entry.outcome = error_code != nullptr ? *error_code : entry.executed == "no" ? "rejected" : "ok";
  entry.upstream_requests = number_in(upstream_requests);
}

/// Of a reply of ours.
void add_own(ops::AuditEntry& entry, const std::string& text) {
  const auto body = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto find = [&](const char* name) { return body.is_object() && body.contains(name) ? body.at(name) : Json(); };
  const auto executed = find("executed");
  const auto error_code = find("error_code");
  const auto requests = find("upstream_requests");
  const bool is_verdict = executed.is_string();
  entry.executed = is_verdict ? executed.get<std::string>() : "unknown";
  entry.outcome = error_code.is_string() ? error_code.get<std::string>() : is_verdict ? "ok" : "internal";
  if (requests.is_number_integer()) entry.upstream_requests = requests.get<int>();
}

}  // namespace

std::optional<ops::AuditEntry> audit_command(const Captures& captures, const http::Request& request) {
  if (is_dry_run(request)) return std::nullopt;
  const auto name = captures[1];
  return ops::AuditEntry{.vehicles = vehicle_of(captures[0]),
                         .command = is_name(name) ? std::string(name) : kAnything,
                         .parameters = parameters_of(catalogue::find(name), request)};
}

std::optional<ops::AuditEntry> audit_action(const Captures& captures, const http::Request& request) {
  if (is_dry_run(request)) return std::nullopt;
  const auto action = catalogue::parse_action(request.body);
  return ops::AuditEntry{.vehicles = vehicle_of(captures[0]), .command = action ? "action " + action->name : "action"};
}

std::optional<ops::AuditEntry> audit_telemetry(const Captures& /*captures*/, const http::Request& request) {
  if (is_dry_run(request)) return std::nullopt;
  const auto members = members_of(request);
  ops::AuditEntry entry{.command = "fleet_telemetry_config", .parameters = names_of(members)};
  const auto* vins = protocol::find_member(members, "vins");
  if (vins == nullptr) return entry;
  for (const auto& each : Json::parse(vins->text, nullptr, /*allow_exceptions=*/false)) {
    auto vin = each.is_string() ? vehicle_of(each.get_ref<const std::string&>()) : std::vector<std::string>();
    const bool is_room = entry.vehicles.size() + vin.size() <= ops::kMostVehicles;
    if (is_room) entry.vehicles.insert(entry.vehicles.end(), vin.begin(), vin.end());
    if (!is_room) entry.more_vehicles += vin.size();
  }
  return entry;
}

std::optional<ops::AuditEntry> audit_passage(const Captures& /*captures*/, const http::Request& request) {
  if (is_dry_run(request) || effect_of(request.method) == Executes::nothing) return std::nullopt;
  ops::AuditEntry entry{.command = name_of_passage(request), .parameters = names_of(members_of(request))};
  if (auto vehicle = upstream::vehicle_in(request.path); !vehicle.empty()) entry.vehicles = {std::move(vehicle)};
  return entry;
}

void add_verdict(ops::AuditEntry& entry, const http::Reply& reply) {
  const auto* requests = reply.headers.find("Fleetsign-Upstream-Requests");
  if (requests != nullptr) {
    add_forwarded(entry, reply.headers, *requests);
  } else {
    add_own(entry, reply.body);
  }
  if (reply.headers.find(kReplayed) == nullptr) return;
  entry.outcome = "replayed";
  entry.upstream_requests = 0;  // those of the first are in its line
}

}  // namespace fleetsign::api
