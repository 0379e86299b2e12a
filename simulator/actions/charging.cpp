// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "simulator/actions/actions.h"

namespace fleetsign::simulator {
namespace {

constexpr int kMinutesOfDay = 1440;

void stop_when_full(Charging& charging) {
  if (charging.battery_percent >= charging.limit_percent) charging.charging = false;
}

Outcome set_charge_limit(Car& car, const CarServer::ChargingSetLimitAction& request) {
  // A limit that the car cannot have is taken as the nearest that it can.
  const int percent = std::clamp<int>(request.percent(), kLowestChargeLimit, kHighestChargeLimit);
  if (percent == car.charging.limit_percent) return refused("set_charge_limit", "already_set");
  car.charging.limit_percent = percent;
  stop_when_full(car.charging);
  return done("set_charge_limit");
}

Outcome start(Charging& charging) {
  if (charging.cable == Cable::unplugged) return refused("charge_start", "disconnected");
  if (charging.charging) return refused("charge_start", "is_charging");
  if (charging.battery_percent >= charging.limit_percent) return refused("charge_start", "complete");
  charging.charging = true;
  charging.port_latched = true;
  return done("charge_start");
}

Outcome stop(Charging& charging) {
  if (!charging.charging) return refused("charge_stop", "not_charging");
  charging.charging = false;
  return done("charge_stop");
}

Outcome charge_to(Charging& charging, int limit, std::string_view name, std::string_view already) {
  if (charging.limit_percent == limit) return refused(name, already);
  charging.limit_percent = limit;
  stop_when_full(charging);
  return done(name);
}

Outcome start_or_stop(Car& car, const CarServer::ChargingStartStopAction& request) {
  using Request = CarServer::ChargingStartStopAction;
  switch (request.charging_action_case()) {
    case Request::kStart:
      return start(car.charging);
    case Request::kStop:
      return stop(car.charging);
    case Request::kStartStandard:
      return charge_to(car.charging, kStandardChargeLimit, "charge_standard", "already_standard");
    case Request::kStartMaxRange:
      return charge_to(car.charging, kHighestChargeLimit, "charge_max_range", "already_max_range");
    default:
      return refused("charge_start", "invalid_command");
  }
}

Outcome set_charging_amps(Car& car, const CarServer::SetChargingAmpsAction& request) {
  car.charging.amps = std::clamp<int>(request.charging_amps(), 0, kHighestAmps);
  return done("set_charging_amps");
}

Outcome open_port(Car& car, const CarServer::ChargePortDoorOpen&) {
  if (car.charging.charging) return refused("charge_port_door_open", "is_charging");
  car.charging.port_open = true;
  car.charging.port_latched = false;
  return done("charge_port_door_open");
}

Outcome close_port(Car& car, const CarServer::ChargePortDoorClose&) {
  if (car.charging.cable == Cable::plugged_in) return refused("charge_port_door_close", "cable connected");
  car.charging.port_open = false;
  car.charging.port_latched = true;
  return done("charge_port_door_close");
}

bool is_time_of_day(int minutes) {
  return minutes >= 0 && minutes <= kMinutesOfDay;
}

Outcome set_scheduled_charging(Car& car, const CarServer::ScheduledChargingAction& request) {
  if (!is_time_of_day(request.charging_time())) return refused("set_scheduled_charging", "invalid_time");
  car.charging.scheduled_start.reset();
  if (request.enabled()) {
    car.charging.scheduled_start = request.charging_time();
    car.charging.departure.enabled = false;
  }
  return done("set_scheduled_charging");
}

Outcome set_scheduled_departure(Car& car, const CarServer::ScheduledDepartureAction& request) {
  if (!is_time_of_day(request.departure_time())) return refused("set_scheduled_departure", "invalid_time");
  auto& departure = car.charging.departure;
  departure.enabled = request.enabled();
  if (!request.enabled()) return done("set_scheduled_departure");
  departure.departure_time = request.departure_time();
  departure.preconditioning = request.has_preconditioning_times();
  departure.preconditioning_weekdays_only = request.preconditioning_times().has_weekdays();
  departure.off_peak = request.has_off_peak_charging_times();
  departure.off_peak_weekdays_only = request.off_peak_charging_times().has_weekdays();
  departure.off_peak_end_time = request.off_peak_hours_end_time();
  car.charging.scheduled_start.reset();
  return done("set_scheduled_departure");
}

}  // namespace

void set_cable(Charging& charging, Cable cable) {
  const bool is_in = cable == Cable::plugged_in;
  charging.cable = cable;
  charging.port_open = true;
  charging.port_latched = is_in;
  charging.charging = charging.charging && is_in;
}

ActionRows charging_actions() {
  return {
      row(VehicleAction::kChargingSetLimitAction, &VehicleAction::chargingsetlimitaction, set_charge_limit),
      row(VehicleAction::kChargingStartStopAction, &VehicleAction::chargingstartstopaction, start_or_stop),
      row(VehicleAction::kSetChargingAmpsAction, &VehicleAction::setchargingampsaction, set_charging_amps),
      row(VehicleAction::kChargePortDoorOpen, &VehicleAction::chargeportdooropen, open_port),
      row(VehicleAction::kChargePortDoorClose, &VehicleAction::chargeportdoorclose, close_port),
      row(VehicleAction::kScheduledChargingAction, &VehicleAction::scheduledchargingaction, set_scheduled_charging),
      row(VehicleAction::kScheduledDepartureAction, &VehicleAction::scheduleddepartureaction, set_scheduled_departure),
  };
}

}  // namespace fleetsign::simulator
