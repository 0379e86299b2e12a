// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/policy.h"

#include <algorithm>
#include <cctype>

#include "config/callers.h"
#include "config/suggestion.h"
#include "daemon/access/requests.h"
#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/groups.h"

namespace fleetsign::access {
namespace {

using protocol::Failure;
using protocol::Kind;

constexpr std::string_view kWakeUp = "wake_up";

/// Adds the commands that the name stands for: one, or those of a group.
template <class Names>
void add_commands(Names& names, std::string_view name) {
  if (const auto* group = catalogue::find_group(name)) {
    for (const auto command : group->commands) names.emplace(command);
  } else if (catalogue::find(name) != nullptr) {
    names.emplace(name);
  }
}

/// Those of commands and of their groups.
std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const auto& command : catalogue::commands()) names.emplace_back(command.name);
  for (const auto& group : catalogue::groups()) names.emplace_back(group.name);
  return names;
}

/// Fleet API might take a name in other letters for the same.
std::string in_lower_case(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// Only names that are ours are shown.
std::string description(std::string_view command) {
  if (catalogue::find(command) != nullptr) return "the command " + std::string(command);
  return command.empty() ? "this request" : "this command";
}

/// Where the vehicle of that path is woken.
std::string wake_up_of(std::string_view path) {
  const auto vehicles = vehicles_of(path);
  return vehicles.empty() ? std::string() : "/api/1/vehicles/" + vehicles.front() + "/wake_up";
}

}  // namespace

Policy::Policy(std::span<const config::CallerEntry> callers, std::span<const std::string> confirm) {
  others_ = rules_of({.name = std::string(config::kAnybody)}, confirm);
  for (const auto& entry : callers) {
    entries_.push_back(rules_of(entry, confirm));
    if (entry.name == config::kAnybody) others_ = entries_.back();
  }
}

Policy::Rules Policy::rules_of(const config::CallerEntry& entry, std::span<const std::string> confirm) {
  Rules rules{.name = entry.name, .vehicles = {}, .allowed = {}, .confirmed = {}};
  if (entry.vehicles) rules.vehicles.emplace(entry.vehicles->begin(), entry.vehicles->end());
  if (entry.allow) {
    Allowed allowed;
    for (const auto& rule : *entry.allow) {
      const auto space = rule.find(' ');
      if (space != std::string::npos) {
        allowed.patterns.push_back({.method = rule.substr(0, space), .path = rule.substr(space + 1)});
      } else if (is_request_group(rule)) {
        allowed.groups.insert(rule);
      } else {
        add_commands(allowed.commands, rule);
      }
    }
    rules.allowed = std::move(allowed);
  }
  for (const auto& name : confirm) add_commands(rules.confirmed, name);
  for (const auto& name : entry.confirm) add_commands(rules.confirmed, name);
  if (!rules.confirmed.empty()) rules.confirmed.emplace(kAnyMessage);
  return rules;
}

const Policy::Rules& Policy::rules_for(std::optional<std::size_t> entry) const {
  return entry ? entries_.at(*entry) : others_;
}

Failure Policy::not_allowed(const Rules& rules, std::string message) {
  return {.kind = Kind::not_allowed,
          .message = std::move(message),
          .hint = "the entry `" + rules.name + "` of `callers` in the configuration says what this caller may do"};
}

/// By a pattern, and not for being a command or in a group.
bool Policy::is_listed(const Rules& rules, std::string_view method, std::string_view path) {
  const auto takes = [&](const Pattern& pattern) {
    const bool is_head_of_get = method == "HEAD" && pattern.method == "GET";
    return (pattern.method == "*" || pattern.method == method || is_head_of_get) && path_matches(pattern.path, path);
  };
  return rules.allowed && std::ranges::any_of(rules.allowed->patterns, takes);
}

bool Policy::is_allowed(const Rules& rules, std::string_view method, std::string_view path) {
  if (!rules.allowed || is_listed(rules, method, path)) return true;
  return rules.allowed->commands.contains(command_of(method, path)) ||
         rules.allowed->groups.contains(request_group_of(method, path));
}

std::optional<Failure> Policy::may_do(std::optional<std::size_t> entry, const Action& action,
                                      std::string_view confirmation) const {
  const Rules& rules = rules_for(entry);
  const auto [method, path, wakes] = action;
  if (!rules.vehicles && !rules.allowed && rules.confirmed.empty()) return std::nullopt;
  if (!is_understood(path)) {
    return not_allowed(rules,
                       "this caller may not write a path like this, but of letters, digits, \".\", \"_\", \"~\" and "
                       "\"-\" between single slashes");
  }
  if (is_documentation(method, path)) return std::nullopt;
  const auto command = command_of(method, path);
  if (!is_allowed(rules, method, path)) return not_allowed(rules, "this caller may not send " + description(command));
  const bool is_for_vehicles = is_for_a_vehicle(path) || is_for_vehicles_in_body(method, path);
  if (rules.vehicles && !is_for_vehicles && !is_listed(rules, method, path)) {
    return not_allowed(rules, "this caller may only send what is for one of its vehicles");
  }
  if (wakes && !is_allowed(rules, "POST", wake_up_of(path))) {
    return not_allowed(rules, "this caller may not wake a vehicle");
  }
  // One header confirms one command, and that is the other.
  if (wakes && command != kWakeUp && rules.confirmed.contains(kWakeUp)) {
    return Failure{.kind = Kind::confirmation_required,
                   .message = "waking a vehicle needs to be confirmed by itself",
                   .hint = "send wake_up first, with the header `X-Confirm: wake_up`, and then this without `wake`"};
  }
  const auto name = in_lower_case(command);
  if (!rules.confirmed.contains(name) || confirmation == name) return std::nullopt;
  return Failure{.kind = Kind::confirmation_required,
                 .message = description(name) + " needs to be confirmed",
                 .hint = "repeat it with the header `X-Confirm: " + name + "`"};
}

std::optional<Failure> Policy::may_reach(std::optional<std::size_t> entry,
                                         std::span<const std::string> vehicles) const {
  const Rules& rules = rules_for(entry);
  const auto is_ours = [&](const std::string& vin) { return rules.vehicles->contains(vin); };
  if (!rules.vehicles || std::ranges::all_of(vehicles, is_ours)) return std::nullopt;
  auto failure = not_allowed(rules, "this caller may not reach this vehicle");
  failure.hint += "; name vehicles by VIN";
  return failure;
}

std::vector<config::Problem> unknown_names(std::span<const config::CallerEntry> callers,
                                           std::span<const std::string> confirm, const std::string& where) {
  std::vector<config::Problem> problems;
  auto known = command_names();
  const auto check = [&](std::span<const std::string> names, const std::string& at, const std::string& key) {
    for (const auto& name : names) {
      const bool is_pattern = name.find(' ') != std::string::npos;
      if (is_pattern || std::ranges::find(known, name) != known.end()) continue;
      const auto meant = config::suggestion(name, known);
      problems.push_back({.where = at,
                          .message = key + ": " + name + " is no command, and no group of commands",
                          .hint = meant ? "did you mean " + *meant + "?" : "`fleetsign commands` lists both"});
    }
  };
  check(confirm, where, "confirm");
  for (const auto& caller : callers) check(caller.confirm, caller.where, "callers.confirm");
  for (const auto& group : request_groups()) known.emplace_back(group.name);
  for (const auto& caller : callers) {
    if (caller.allow) check(*caller.allow, caller.where, "callers.allow");
  }
  return problems;
}

}  // namespace fleetsign::access
