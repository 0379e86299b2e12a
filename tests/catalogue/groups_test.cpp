// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/groups.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace fleetsign::catalogue {
namespace {

using Names = std::vector<std::string_view>;

/// Those that gather commands of several subjects by what they could do.
const std::set<std::string_view> kMarks = {"alerts", "wake", "unlock", "sensitive"};

Names commands_of(std::string_view group) {
  const Group* found = find_group(group);
  return found == nullptr ? Names{} : found->commands;
}

bool is_in(std::string_view command, std::string_view group) {
  const auto names = groups_of(*find(command));
  return std::ranges::find(names, group) != names.end();
}

}  // namespace

TEST_CASE("groups: every command is in one by what it is about, or is an alert") {
  for (const Command& command : commands()) {
    CAPTURE(std::string(command.name));
    const auto names = groups_of(command);
    const auto about = std::ranges::count_if(names, [](std::string_view name) { return !kMarks.contains(name); });
    CHECK(about == (command.name == "remote_boombox" ? 0 : 1));
    CHECK_FALSE(names.empty());
  }
}

TEST_CASE("groups: none is empty, or has the name of a command or of another") {
  std::set<std::string_view> names;
  for (const Group& group : groups()) {
    CAPTURE(std::string(group.name));
    CHECK_FALSE(group.commands.empty());
    CHECK_FALSE(group.summary.empty());
    CHECK(find(group.name) == nullptr);
    CHECK(names.insert(group.name).second);
    for (const std::string_view name : group.commands) CHECK(find(name) != nullptr);
  }
  CHECK(find_group("Charging") == nullptr);
  CHECK(find_group("") == nullptr);
}

TEST_CASE("groups: a subject's group has its commands, and those that are elsewhere for how they are sent") {
  CHECK(commands_of("charging") == Names{"charge_max_range", "charge_port_door_close", "charge_port_door_open",
                                         "charge_standard", "charge_start", "charge_stop", "set_charge_limit",
                                         "set_charging_amps", "set_managed_charge_current_request",
                                         "set_managed_charger_location", "set_managed_scheduled_charging_time"});
  CHECK(is_in("remote_steering_wheel_heat_level_request", "climate"));
  CHECK(is_in("share", "navigation"));
}

TEST_CASE("groups: whatever lets somebody in is sensitive") {
  for (const auto name : commands_of("unlock")) {
    CAPTURE(std::string(name));
    CHECK(is_in(name, "sensitive"));
  }
}

TEST_CASE("groups: what is open to the outside, seen or heard, and what decides who gets in and drives") {
  CHECK(commands_of("alerts") == Names{"flash_lights", "honk_horn", "remote_boombox"});
  CHECK(commands_of("wake") == Names{"wake_up"});
  CHECK(commands_of("unlock") == Names{"door_unlock", "actuate_trunk", "open_tonneau", "sun_roof_control",
                                       "trigger_homelink", "window_control"});
  CHECK(commands_of("sensitive") == Names{"clear_pin_to_drive_admin",
                                          "door_unlock",
                                          "erase_user_data",
                                          "guest_mode",
                                          "remote_start_drive",
                                          "reset_pin_to_drive_pin",
                                          "reset_valet_pin",
                                          "set_pin_to_drive",
                                          "set_valet_mode",
                                          "actuate_trunk",
                                          "open_tonneau",
                                          "sun_roof_control",
                                          "trigger_homelink",
                                          "window_control",
                                          "parental_controls_activate",
                                          "parental_controls_clear_pin",
                                          "parental_controls_clear_pin_admin",
                                          "parental_controls_deactivate",
                                          "parental_controls_enable_setting",
                                          "parental_controls_set_speed_limit",
                                          "speed_limit_activate",
                                          "speed_limit_clear_pin",
                                          "speed_limit_clear_pin_admin",
                                          "speed_limit_deactivate",
                                          "speed_limit_set_limit"});
  // A command that takes a PIN, or whose name has one, is never forgotten.
  for (const Command& command : commands()) {
    CAPTURE(std::string(command.name));
    const bool has_pin = command.name.find("pin_") != std::string_view::npos || command.name.ends_with("_pin");
    if (has_pin && command.name != "ping") CHECK(is_in(command.name, "sensitive"));
  }
}

}  // namespace fleetsign::catalogue
