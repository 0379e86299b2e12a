// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "simulator/actions/actions.h"

namespace fleetsign::simulator {
namespace {

constexpr std::size_t kMostSchedules = 100;
// About a kilometre: a schedule that near to the car's home is one for home.
constexpr float kNear = 0.01F;

template <class Schedule>
bool is_home(const Schedule& schedule) {
  return std::abs(schedule.latitude() - kHomeLatitude) < kNear &&
         std::abs(schedule.longitude() - kHomeLongitude) < kNear;
}

/// A schedule whose id is there already replaces that one.
template <class Schedule>
Outcome add(std::vector<Schedule>& schedules, const Schedule& schedule, std::string_view name) {
  const auto known = std::find_if(schedules.begin(), schedules.end(),
                                  [&](const Schedule& other) { return other.id() == schedule.id(); });
  if (known != schedules.end()) {
    *known = schedule;
    return done(name);
  }
  if (schedules.size() >= kMostSchedules) return refused(name, "too_many_schedules");
  schedules.push_back(schedule);
  return done(name);
}

template <class Schedule>
Outcome remove(std::vector<Schedule>& schedules, std::uint64_t id, std::string_view name) {
  const auto removed = std::erase_if(schedules, [id](const Schedule& schedule) { return schedule.id() == id; });
  return removed > 0 ? done(name) : refused(name, "not_found");
}

/// The car knows no place of work, so every schedule is for home or for elsewhere.
template <class Schedule, class Request>
Outcome remove_batch(std::vector<Schedule>& schedules, const Request& request, std::string_view name) {
  std::erase_if(schedules,
                [&](const Schedule& schedule) { return is_home(schedule) ? request.home() : request.other(); });
  return done(name);
}

Outcome add_charge(Car& car, const CarServer::ChargeSchedule& schedule) {
  return add(car.charging.schedules, schedule, "add_charge_schedule");
}

Outcome remove_charge(Car& car, const CarServer::RemoveChargeScheduleAction& request) {
  return remove(car.charging.schedules, request.id(), "remove_charge_schedule");
}

Outcome remove_charge_batch(Car& car, const CarServer::BatchRemoveChargeSchedulesAction& request) {
  return remove_batch(car.charging.schedules, request, "batch_remove_charge_schedules");
}

Outcome add_precondition(Car& car, const CarServer::PreconditionSchedule& schedule) {
  return add(car.charging.precondition_schedules, schedule, "add_precondition_schedule");
}

Outcome remove_precondition(Car& car, const CarServer::RemovePreconditionScheduleAction& request) {
  return remove(car.charging.precondition_schedules, request.id(), "remove_precondition_schedule");
}

Outcome remove_precondition_batch(Car& car, const CarServer::BatchRemovePreconditionSchedulesAction& request) {
  return remove_batch(car.charging.precondition_schedules, request, "batch_remove_precondition_schedules");
}

}  // namespace

ActionRows schedule_actions() {
  return {
      row(VehicleAction::kAddChargeScheduleAction, &VehicleAction::addchargescheduleaction, add_charge),
      row(VehicleAction::kRemoveChargeScheduleAction, &VehicleAction::removechargescheduleaction, remove_charge),
      row(VehicleAction::kBatchRemoveChargeSchedulesAction, &VehicleAction::batchremovechargeschedulesaction,
          remove_charge_batch),
      row(VehicleAction::kAddPreconditionScheduleAction, &VehicleAction::addpreconditionscheduleaction,
          add_precondition),
      row(VehicleAction::kRemovePreconditionScheduleAction, &VehicleAction::removepreconditionscheduleaction,
          remove_precondition),
      row(VehicleAction::kBatchRemovePreconditionSchedulesAction,
          &VehicleAction::batchremovepreconditionschedulesaction, remove_precondition_batch),
  };
}

}  // namespace fleetsign::simulator
