// SPDX-License-Identifier: Apache-2.0
#include "config/vehicles.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <utility>

#include "config/callers.h"
#include "config/members.h"
#include "config/suggestion.h"

namespace fleetsign::config {
namespace {

constexpr std::string_view kDigits = "0123456789";
/// ISO 3779: without I, O and Q.
constexpr std::string_view kOfVins = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ";
constexpr std::size_t kVinLength = 17;

/// What stands before the vehicle in a path.
constexpr std::array<std::string_view, 2> kBefore = {"/api/1/vehicles/", "/fleetsign/v1/vehicles/"};

bool is_vin(std::string_view text) {
  return text.size() == kVinLength && text.find_first_not_of(kOfVins) == std::string_view::npos;
}

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return capitals;
}

std::optional<std::string> read_vin(const Entry& entry) {
  std::optional<std::string> vin = read_text(entry, "a VIN");
  if (!vin || is_vin(*vin)) return vin;
  entry.complain(quote(*vin) + " is not a VIN", "write its 17 capital letters and digits");
  return std::nullopt;
}

struct Field {
  std::string_view name;
  void (*set)(Vehicle& vehicle, const Entry& entry);
};
constexpr Field kFields[] = {
    {"vin", [](Vehicle& vehicle, const Entry& entry) { assign(vehicle.vin, read_vin(entry)); }},
    {"account",
     [](Vehicle& vehicle, const Entry& entry) { assign(vehicle.account, read_text(entry, "an account's name")); }},
};

std::optional<Vehicle> read_one(const Entry& entry) {
  Vehicle vehicle{.vin = {}, .where = entry.where()};
  const std::size_t problems = entry.problems.size();
  if (entry.value.kind == Value::Kind::text) {
    assign(vehicle.vin, read_vin(entry));
  } else if (entry.value.kind == Value::Kind::map) {
    std::vector<std::string> names;
    for (const Field& field : kFields) names.emplace_back(field.name);
    read_members(entry, names, [&](std::size_t index, const Entry& member) { kFields[index].set(vehicle, member); });
  } else {
    entry.complain_expected("a VIN, or a map with one");
  }
  if (entry.problems.size() != problems) return std::nullopt;
  if (!vehicle.vin.empty()) return vehicle;
  entry.complain("has no vin", "write {vin: VIN}");
  return std::nullopt;
}

/// The vehicle's VIN; nothing where neither a VIN nor a known name stands.
std::optional<std::string> vin_of(const std::string& vehicle, const Vehicles& vehicles) {
  if (is_vin(vehicle)) return vehicle;
  const auto found = vehicles.find(vehicle);
  return found == vehicles.end() ? std::nullopt : std::optional(found->second.vin);
}

void resolve_list(std::vector<std::string>& list, const Vehicles& vehicles,
                  const std::function<void(const std::string& name)>& complain) {
  for (std::string& each : list) {
    if (auto vin = vin_of(each, vehicles)) {
      each = *std::move(vin);
    } else {
      complain(each);
    }
  }
}

/// What stands in a vehicle's place in a path; empty where nothing does.
std::string_view vehicle_in(std::string_view path) {
  const auto* const before =
      std::ranges::find_if(kBefore, [&](std::string_view start) { return path.starts_with(start); });
  if (before == kBefore.end()) return {};
  path.remove_prefix(before->size());
  return path.substr(0, path.find('/'));
}

/// "METHOD /PATH"; whatever else a rule may be has no path. `complain` is told of what no vehicle is called.
void resolve_rule(std::string& rule, const Vehicles& vehicles,
                  const std::function<void(const std::string& name)>& complain) {
  const std::size_t path = rule.find('/');
  if (path == std::string::npos) return;
  const std::string_view pattern = std::string_view(rule).substr(path);
  const std::string name(vehicle_in(pattern));
  if (const auto resolved = with_vin(pattern, vehicles)) {
    rule.replace(path, rule.size(), *resolved);
  } else if (is_vehicle_name(name)) {
    complain(name);
  }
}

}  // namespace

bool is_vehicle_name(std::string_view text) {
  return is_caller_name(text) && !is_vin(in_capitals(text)) && !text.starts_with("fleet_") &&
         text.find_first_not_of(kDigits) != std::string_view::npos;
}

std::optional<Vehicles> read_vehicles(const Entry& entry) {
  if (entry.value.kind == Value::Kind::nothing) return Vehicles{};
  if (entry.value.kind != Value::Kind::map) {
    entry.complain_expected("a map of names, which only a file can have");
    return std::nullopt;
  }
  Vehicles vehicles;
  for (const auto& [name, value] : entry.value.members) {
    const Entry member{value, entry.key + "." + printable(name), entry.source, entry.problems};
    if (!is_vehicle_name(name)) {
      const Entry whole{value, entry.key, entry.source, entry.problems};
      whole.complain(quote(name) + " is not a vehicle's name",
                     std::string(kCallerNameHint) + "; but no VIN, no number, and nothing that begins with \"fleet_\"");
      continue;
    }
    auto vehicle = read_one(member);
    if (!vehicle) continue;
    const std::string& vin = vehicle->vin;
    const auto same = std::ranges::find_if(vehicles, [&](const auto& other) { return other.second.vin == vin; });
    if (same != vehicles.end() && same->first != name) {
      member.complain("this vehicle has a name already: " + same->first, "remove one of them");
    } else if (!vehicles.emplace(name, *std::move(vehicle)).second) {
      member.complain("is set a second time", "remove one of them");
    }
  }
  return vehicles;
}

std::optional<std::string> read_vehicle(const Entry& entry) {
  std::optional<std::string> vehicle = read_text(entry, "a VIN or a vehicle's name");
  if (!vehicle || is_vin(*vehicle) || is_vehicle_name(*vehicle)) return vehicle;
  entry.complain(quote(*vehicle) + " is neither a VIN nor a vehicle's name",
                 "write a VIN's 17 capital letters and digits, or a name in `vehicles`");
  return std::nullopt;
}

std::optional<std::vector<std::string>> read_vehicle_list(const Entry& entry) {
  const std::optional<std::vector<Value>> items = read_list(entry);
  if (!items) return std::nullopt;
  std::vector<std::string> vehicles;
  for (const Value& item : *items) {
    if (auto vehicle = read_vehicle({item, entry.key, entry.source, entry.problems})) {
      vehicles.push_back(*std::move(vehicle));
    }
  }
  return vehicles;
}

std::optional<std::string> with_vin(std::string_view path, const Vehicles& vehicles) {
  const std::string_view name = vehicle_in(path);
  const auto found = vehicles.find(name);
  if (found == vehicles.end()) return std::nullopt;
  const auto start = static_cast<std::size_t>(name.data() - path.data());
  return std::string(path).replace(start, name.size(), found->second.vin);
}

void resolve_names(Config& config, const std::string& where, std::vector<Problem>& problems) {
  std::vector<std::string> names;
  for (const auto& [name, vehicle] : config.vehicles) names.push_back(name);
  const auto complain_at = [&](const std::string& place, const std::string& key) {
    return [&problems, &names, place, key](const std::string& name) {
      const std::optional<std::string> meant = suggestion(name, names);
      problems.push_back({.where = place,
                          .message = key + ": there is no vehicle " + quote(name),
                          .hint = meant ? "did you mean " + *meant + "?" : "name it in `vehicles`: {NAME: VIN}"});
    };
  };
  for (CallerEntry& caller : config.callers) {
    if (caller.vehicles) resolve_list(*caller.vehicles, config.vehicles, complain_at(caller.where, "callers.vehicles"));
    if (!caller.allow) continue;
    const auto complain = complain_at(caller.where, "callers.allow");
    for (std::string& rule : *caller.allow) resolve_rule(rule, config.vehicles, complain);
  }
  resolve_list(config.next_key_vehicles, config.vehicles, complain_at(where, "next_key_vehicles"));
}

}  // namespace fleetsign::config
