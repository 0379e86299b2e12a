// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/requests.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <optional>

#include "protocol/vin.h"

namespace fleetsign::access {
namespace {

constexpr std::string_view kRead = "read";
constexpr std::string_view kStatus = "status";
constexpr std::array kGroups = {RequestGroup{kRead, "Reads of vehicles and of their list, and the diagnosis of one"},
                                RequestGroup{kStatus, "How the daemon is: figures, status and sessions"}};

struct Row {
  std::string_view path;
  std::string_view group;
};

/// Reads. Who drives a vehicle or is invited to, is nobody's business by being in a group.
constexpr Row kReads[] = {
    {"/api/1/vehicles", kRead},
    {"/api/1/vehicles/{}", kRead},
    {"/api/1/vehicles/{}/vehicle_data", kRead},
    {"/api/1/vehicles/{}/mobile_enabled", kRead},
    {"/api/1/vehicles/{}/nearby_charging_sites", kRead},
    {"/api/1/vehicles/{}/recent_alerts", kRead},
    {"/api/1/vehicles/{}/release_notes", kRead},
    {"/api/1/vehicles/{}/service_data", kRead},
    {"/api/1/vehicles/{}/specs", kRead},
    {"/api/1/vehicles/{}/fleet_telemetry_config", kRead},
    {"/api/1/vehicles/{}/fleet_telemetry_errors", kRead},
    {"/fleetsign/v1/vehicles/{}/diagnosis", kRead},
    {"/metrics", kStatus},
    {"/fleetsign/v1/status", kStatus},
    {"/fleetsign/v1/sessions", kStatus},
};

constexpr std::string_view kVehicles[] = {"/api/1/vehicles/", "/fleetsign/v1/vehicles/"};

bool is_read(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

/// The segment at the beginning, which it takes away with its slash.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// What stands where a vehicle's path has the vehicle: a VIN or Fleet API's number; nothing for other paths.
std::string_view tag_of(std::string_view path) {
  for (const auto start : kVehicles) {
    if (!path.starts_with(start)) continue;
    const auto tag = path.substr(start.size(), path.find('/', start.size()) - start.size());
    if (protocol::is_fleet_api_id(tag) || protocol::read_vin(tag)) return tag;
  }
  return {};
}

/// What stands behind the vehicle's, with its slash; empty also when there is none.
std::string_view behind_vehicle(std::string_view path) {
  const auto tag = tag_of(path);
  return tag.empty() ? tag : path.substr(static_cast<std::size_t>(tag.data() - path.data()) + tag.size());
}

/// Whether the path is that of the row, whose "{}" is a vehicle.
bool fits(std::string_view row, std::string_view path) {
  const auto vehicle = row.find("{}");
  if (vehicle == std::string_view::npos) return row == path;
  return path.starts_with(row.substr(0, vehicle)) && !tag_of(path).empty() &&
         behind_vehicle(path) == row.substr(vehicle + 2);
}

}  // namespace

std::span<const RequestGroup> request_groups() {
  return kGroups;
}

bool is_request_group(std::string_view name) {
  return std::ranges::find(kGroups, name, &RequestGroup::name) != kGroups.end();
}

std::string_view request_group_of(std::string_view method, std::string_view path) {
  if (!is_read(method)) return {};
  const auto* const row = std::ranges::find_if(kReads, [&](const Row& each) { return fits(each.path, path); });
  return row == std::end(kReads) ? std::string_view() : row->group;
}

bool is_understood(std::string_view path) {
  if (path.empty()) return false;
  while (!path.empty()) {
    if (path.front() != '/') return false;
    const auto segment = take_segment(path);
    const bool is_plain = std::ranges::all_of(segment, [](unsigned char c) {
      return c < 0x80 && (std::isalnum(c) != 0 || c == '.' || c == '_' || c == '~' || c == '-');
    });
    if (!is_plain || segment.find_first_not_of('.') == std::string_view::npos) return false;
  }
  return true;
}

bool path_matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const auto expected = take_segment(pattern);
    const auto actual = take_segment(path);
    if (expected == "*" && pattern.empty()) return true;
    if (expected != "*" && expected != actual) return false;
  }
  return pattern.empty() && path.empty();
}

std::string_view command_of(std::string_view method, std::string_view path) {
  constexpr std::string_view kCommand = "/command/";
  constexpr std::string_view kWakeUp = "/wake_up";
  const auto rest = behind_vehicle(path);
  if (is_read(method)) return {};
  if (path.starts_with("/fleetsign/")) return rest == "/action" ? kAnyMessage : std::string_view();
  if (method == "POST" && rest == kWakeUp) return rest.substr(1);
  const bool is_command = rest.starts_with(kCommand);
  if (!is_command) return rest.starts_with(kWakeUp) ? kAnyMessage : std::string_view();
  const auto name = rest.substr(kCommand.size());
  return method == "POST" && name.find_first_of("/.") == std::string_view::npos ? name : kAnyMessage;
}

bool is_for_a_vehicle(std::string_view path) {
  return !tag_of(path).empty();
}

bool is_for_vehicles_in_body(std::string_view method, std::string_view path) {
  return method == "POST" && path == "/api/1/vehicles/fleet_telemetry_config";
}

std::vector<std::string> vehicles_of(std::string_view path) {
  std::vector<std::string> vehicles;
  if (const auto tag = tag_of(path); protocol::is_fleet_api_id(tag)) vehicles.emplace_back(tag);
  while (path.starts_with('/')) {
    if (auto vin = protocol::read_vin(take_segment(path))) vehicles.push_back(*std::move(vin));
  }
  return vehicles;
}

bool is_documentation(std::string_view method, std::string_view path) {
  return is_read(method) && (path == "/openapi.json" || path == "/fleetsign/v1/commands");
}

}  // namespace fleetsign::access
