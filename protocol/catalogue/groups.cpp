// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/groups.h"

#include <algorithm>

namespace fleetsign::catalogue {
namespace {

/// The commands of a subject, if it names one, and others.
struct Row {
  std::string_view name;
  std::string_view summary;
  std::string_view subject;
  std::vector<std::string_view> others;
};

std::vector<Row> rows() {
  const std::vector<std::string_view> unlocking = {"door_unlock",      "actuate_trunk",    "open_tonneau",
                                                   "sun_roof_control", "trigger_homelink", "window_control"};
  std::vector<std::string_view> sensitive = {"clear_pin_to_drive_admin", "erase_user_data",        "guest_mode",
                                             "remote_start_drive",       "reset_pin_to_drive_pin", "reset_valet_pin",
                                             "set_pin_to_drive",         "set_valet_mode"};
  sensitive.insert(sensitive.end(), unlocking.begin(), unlocking.end());
  return {
      {"security", "Locks, Sentry Mode, valet mode and PINs", "security", {}},
      {"closures", "Whatever opens and closes, lights and horn", "closures", {}},
      {"charging",
       "The charge port, charging, its limit and current",
       "charging",
       {"set_managed_charge_current_request", "set_managed_charger_location", "set_managed_scheduled_charging_time"}},
      {"schedules", "When to charge, precondition and depart", "schedules", {}},
      {"climate",
       "Cabin, seats and steering wheel",
       "climate",
       {"remote_auto_steering_wheel_heat_climate_request", "remote_steering_wheel_heat_level_request"}},
      {"media", "What is played, and how loud", "media", {}},
      {"limits", "Speed Limit Mode and parental controls", "limits", {}},
      {"vehicle",
       "The vehicle's name and software, notes and calendar",
       "vehicle",
       {"take_drivenote", "upcoming_calendar_entries"}},
      {"navigation",
       "Where to go",
       "",
       {"navigation_gps_request", "navigation_request", "navigation_sc_request", "navigation_waypoints_request",
        "share"}},
      {"alerts",
       "What is seen or heard outside, and changes nothing",
       "",
       {"flash_lights", "honk_horn", "remote_boombox"}},
      {"wake", "Waking the vehicle, by wake_up or ?wake=true", "", {"wake_up"}},
      {"unlock", "What lets somebody in", "", unlocking},
      {"sensitive", "Getting in, starting, erasing, every PIN and limit of who drives", "limits", sensitive},
  };
}

std::vector<Group> all_groups() {
  std::vector<Group> all;
  for (const Row& row : rows()) {
    Group group{.name = row.name, .summary = row.summary, .commands = {}};
    for (const Command& command : commands()) {
      if (command.subject == row.subject || std::ranges::find(row.others, command.name) != row.others.end()) {
        group.commands.push_back(command.name);
      }
    }
    all.push_back(std::move(group));
  }
  return all;
}

}  // namespace

std::span<const Group> groups() {
  static const std::vector<Group> all = all_groups();
  return all;
}

const Group* find_group(std::string_view name) {
  const auto all = groups();
  const auto found = std::ranges::find(all, name, &Group::name);
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string_view> groups_of(const Command& command) {
  std::vector<std::string_view> names;
  for (const Group& group : groups()) {
    if (std::ranges::find(group.commands, command.name) != group.commands.end()) names.push_back(group.name);
  }
  return names;
}

}  // namespace fleetsign::catalogue
