// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

/// The id of a schedule: the one given replaces that schedule; none adds a schedule with each execution.
std::uint64_t schedule_id(std::uint64_t given, Circumstances& circumstances) {
  if (given != 0) {
    circumstances.repeat = Repeat::safe;
    return given;
  }
  return static_cast<std::uint64_t>(circumstances.unix_now);
}

std::optional<Failure> add_charge_schedule(VehicleAction& action, Circumstances& circumstances, float lat, float lon,
                                           std::int32_t days, bool enabled, bool start_enabled, std::int32_t start_time,
                                           bool end_enabled, std::int32_t end_time, std::uint64_t id, bool one_time,
                                           std::string name) {
  auto& schedule = *action.mutable_addchargescheduleaction();
  schedule.set_id(schedule_id(id, circumstances));
  schedule.set_name(std::move(name));
  schedule.set_days_of_week(days);
  schedule.set_start_enabled(start_enabled);
  schedule.set_start_time(start_time);
  schedule.set_end_enabled(end_enabled);
  schedule.set_end_time(end_time);
  schedule.set_one_time(one_time);
  schedule.set_enabled(enabled);
  schedule.set_latitude(lat);
  schedule.set_longitude(lon);
  return std::nullopt;
}

std::optional<Failure> add_precondition_schedule(VehicleAction& action, Circumstances& circumstances, float lat,
                                                 float lon, std::int32_t days, bool enabled, std::int32_t time,
                                                 std::uint64_t id, bool one_time, std::string name) {
  auto& schedule = *action.mutable_addpreconditionscheduleaction();
  schedule.set_id(schedule_id(id, circumstances));
  schedule.set_name(std::move(name));
  schedule.set_days_of_week(days);
  schedule.set_precondition_time(time);
  schedule.set_one_time(one_time);
  schedule.set_enabled(enabled);
  schedule.set_latitude(lat);
  schedule.set_longitude(lon);
  return std::nullopt;
}

template <class Removal>
std::optional<Failure> remove_at(Removal& removal, bool home, bool work, bool other) {
  if (!home && !work && !other) return bad_parameter("home", "home, work or other must be true");
  removal.set_home(home);
  removal.set_work(work);
  removal.set_other(other);
  return std::nullopt;
}

/// The policies "all week" and "weekdays" of a scheduled departure; the latter wins.
struct Policy {
  bool enabled;
  bool weekdays_only;
};

template <class Times>
void set_times(Policy policy, Times* (CarServer::ScheduledDepartureAction::*times)(),
               CarServer::ScheduledDepartureAction& departure) {
  if (policy.weekdays_only) {
    (departure.*times)()->mutable_weekdays();
  } else if (policy.enabled) {
    (departure.*times)()->mutable_all_week();
  }
}

std::optional<Failure> set_scheduled_departure(VehicleAction& action, Circumstances&, bool enable,
                                               std::int32_t departure_time, std::int32_t end_off_peak_time,
                                               bool preconditioning, bool preconditioning_weekdays, bool off_peak,
                                               bool off_peak_weekdays) {
  using Departure = CarServer::ScheduledDepartureAction;
  auto& departure = *action.mutable_scheduleddepartureaction();
  departure.set_enabled(enable);
  if (!enable) return std::nullopt;  // the rest is then neither sent nor checked
  if (!kDay.contain(departure_time)) return bad_parameter("departure_time", "it is not between 0 and 1440");
  if (!kDay.contain(end_off_peak_time)) return bad_parameter("end_off_peak_time", "it is not between 0 and 1440");
  departure.set_departure_time(departure_time);
  departure.set_off_peak_hours_end_time(end_off_peak_time);
  set_times({preconditioning, preconditioning_weekdays}, &Departure::mutable_preconditioning_times, departure);
  set_times({off_peak, off_peak_weekdays}, &Departure::mutable_off_peak_charging_times, departure);
  return std::nullopt;
}

Typed<std::uint64_t> id_to_replace() {
  return whole<std::uint64_t>("id", "The schedule to replace; without it, one is added").example(1700000000).or_else(0);
}

Typed<std::uint64_t> id_to_remove() {
  return whole<std::uint64_t>("id", "The schedule to remove", {.min = 1}).example(1700000000);
}

Typed<bool> one_time() {
  return flag("one_time", "Only once").or_else(false);
}

Typed<std::string> schedule_name() {
  return any_text("name", "Name of the schedule").example("Work").or_else("");
}

Typed<std::int32_t> departure_minutes(std::string_view name, std::string_view summary) {
  return whole(name, summary).unit("minutes after local midnight, 0 to 1440").example(450).or_else(0);
}

}  // namespace

std::vector<Command> schedule_rows() {
  return {
      infotainment("add_charge_schedule", Repeat::once, "Add or replace a charge schedule", add_charge_schedule,
                   latitude(), longitude(), days_of_week(), flag("enabled", "Whether the schedule is in use"),
                   flag("start_enabled", "Whether to start at start_time"),
                   minutes("start_time", "When to start").or_else(0).in_example(),
                   flag("end_enabled", "Whether to stop at end_time").example(false),
                   minutes("end_time", "When to stop").or_else(0), id_to_replace(), one_time(), schedule_name()),
      infotainment("add_precondition_schedule", Repeat::once, "Add or replace a schedule to precondition the cabin",
                   add_precondition_schedule, latitude(), longitude(), days_of_week(),
                   flag("enabled", "Whether the schedule is in use"), minutes("precondition_time", "When to be ready"),
                   id_to_replace(), one_time(), schedule_name()),
      infotainment(
          "batch_remove_charge_schedules", Repeat::safe, "Remove all charge schedules of a place",
          [](VehicleAction& action, Circumstances&, bool home, bool work, bool other) {
            return remove_at(*action.mutable_batchremovechargeschedulesaction(), home, work, other);
          },
          flag("home", "At home").or_else(false).in_example(), flag("work", "At work").or_else(false),
          flag("other", "Anywhere else").or_else(false)),
      infotainment(
          "batch_remove_precondition_schedules", Repeat::safe, "Remove all precondition schedules of a place",
          [](VehicleAction& action, Circumstances&, bool home, bool work, bool other) {
            return remove_at(*action.mutable_batchremovepreconditionschedulesaction(), home, work, other);
          },
          flag("home", "At home").or_else(false).in_example(), flag("work", "At work").or_else(false),
          flag("other", "Anywhere else").or_else(false)),
      infotainment(
          "remove_charge_schedule", Repeat::safe, "Remove a charge schedule",
          [](VehicleAction& action, std::uint64_t id) { action.mutable_removechargescheduleaction()->set_id(id); },
          id_to_remove()),
      infotainment(
          "remove_precondition_schedule", Repeat::safe, "Remove a precondition schedule",
          [](VehicleAction& action, std::uint64_t id) {
            action.mutable_removepreconditionscheduleaction()->set_id(id);
          },
          id_to_remove()),
      infotainment(
          "set_scheduled_charging", Repeat::safe, "Charge from a time of the day on",
          [](VehicleAction& action, bool enable, std::int32_t time) {
            auto& charging = *action.mutable_scheduledchargingaction();
            charging.set_enabled(enable);
            charging.set_charging_time(time);
          },
          flag("enable", "On or off"), minutes("time", "When to start").or_else(0).in_example()),
      infotainment("set_scheduled_departure", Repeat::safe, "Be ready to leave at a time of the day",
                   set_scheduled_departure, flag("enable", "On or off"),
                   departure_minutes("departure_time", "When to leave").in_example(),
                   departure_minutes("end_off_peak_time", "When cheap electricity ends"),
                   flag("preconditioning_enabled", "Heat or cool the cabin before").or_else(false),
                   flag("preconditioning_weekdays_only", "The same, on weekdays only").or_else(false),
                   flag("off_peak_charging_enabled", "Charge with cheap electricity").or_else(false),
                   flag("off_peak_charging_weekdays_only", "The same, on weekdays only").or_else(false)),
  };
}

}  // namespace fleetsign::catalogue
