// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/simulator/actions/driven_car.h"

namespace {

using CarServer::VehicleAction;
using fleetsign::simulator::Cable;
using fleetsign::simulator::set_cable;
using fleetsign::test::DrivenCar;

VehicleAction limit(int percent) {
  VehicleAction action;
  action.mutable_chargingsetlimitaction()->set_percent(percent);
  return action;
}

VehicleAction start() {
  VehicleAction action;
  action.mutable_chargingstartstopaction()->mutable_start();
  return action;
}

VehicleAction stop() {
  VehicleAction action;
  action.mutable_chargingstartstopaction()->mutable_stop();
  return action;
}

}  // namespace

TEST_CASE("charging: the car starts plugged in at 60 of 90 percent, not charging") {
  const DrivenCar car;
  CHECK(car.shown("charge_state", "battery_level") == 60);
  CHECK(car.shown("charge_state", "charge_limit_soc") == 90);
  CHECK(car.shown("charge_state", "charging_state") == "Stopped");
  CHECK(car.shown("charge_state", "charge_port_door_open") == true);
}

TEST_CASE("charging: it starts and stops, and says when it has already") {
  DrivenCar car;
  CHECK(car.act(stop()) == "not_charging");
  CHECK(car.act(start()) == "");
  CHECK(car.name() == "charge_start");
  CHECK(car.shown("charge_state", "charging_state") == "Charging");
  CHECK(car.act(start()) == "is_charging");
  CHECK(car.act(stop()) == "");
  CHECK(car.name() == "charge_stop");
  CHECK(car.shown("charge_state", "charging_state") == "Stopped");
}

TEST_CASE("charging: the limit is set once, and one that the car cannot have becomes the nearest") {
  DrivenCar car;
  CHECK(car.act(limit(80)) == "");
  CHECK(car.name() == "set_charge_limit");
  CHECK(car.shown("charge_state", "charge_limit_soc") == 80);
  CHECK(car.act(limit(80)) == "already_set");
  CHECK(car.act(limit(20)) == "");
  CHECK(car.shown("charge_state", "charge_limit_soc") == 50);
  CHECK(car.act(limit(101)) == "");
  CHECK(car.shown("charge_state", "charge_limit_soc") == 100);
}

TEST_CASE("charging: a limit below the battery's level completes the charge") {
  DrivenCar car;
  car.act(start());
  CHECK(car.act(limit(55)) == "");
  CHECK(car.shown("charge_state", "charging_state") == "Complete");
  CHECK(car.act(start()) == "complete");
}

TEST_CASE("charging: standard and full range are limits by name") {
  DrivenCar car;
  VehicleAction standard;
  standard.mutable_chargingstartstopaction()->mutable_start_standard();
  VehicleAction full;
  full.mutable_chargingstartstopaction()->mutable_start_max_range();
  CHECK(car.act(standard) == "already_standard");
  CHECK(car.act(full) == "");
  CHECK(car.name() == "charge_max_range");
  CHECK(car.shown("charge_state", "charge_limit_soc") == 100);
  CHECK(car.act(full) == "already_max_range");
  CHECK(car.act(standard) == "");
  CHECK(car.shown("charge_state", "charge_limit_soc") == 90);
}

TEST_CASE("charging: amps are what the charger can give") {
  DrivenCar car;
  VehicleAction action;
  action.mutable_setchargingampsaction()->set_charging_amps(5);
  CHECK(car.act(action) == "");
  CHECK(car.shown("charge_state", "charge_amps") == 5);
  CHECK(car.shown("charge_state", "charge_current_request") == 5);
  action.mutable_setchargingampsaction()->set_charging_amps(500);
  CHECK(car.act(action) == "");
  CHECK(car.shown("charge_state", "charge_amps") == 32);
}

TEST_CASE("charging: the port opens for the cable unless the car charges, and does not close on it") {
  DrivenCar car;
  VehicleAction open;
  open.mutable_chargeportdooropen();
  VehicleAction close;
  close.mutable_chargeportdoorclose();
  CHECK(car.shown("charge_state", "charge_port_latch") == "Engaged");
  CHECK(car.act(close) == "cable connected");
  CHECK(car.act(open) == "");
  CHECK(car.shown("charge_state", "charge_port_latch") == "Disengaged");
  car.act(start());
  CHECK(car.shown("charge_state", "charge_port_latch") == "Engaged");
  CHECK(car.act(open) == "is_charging");
}

TEST_CASE("charging: without its cable the car does not charge, and its port closes") {
  DrivenCar car;
  car.act(start());
  set_cable(car.car().charging, Cable::unplugged);
  CHECK(car.shown("charge_state", "charging_state") == "Disconnected");
  CHECK(car.shown("charge_state", "conn_charge_cable") == "<invalid>");
  CHECK(car.shown("charge_state", "charge_port_latch") == "Disengaged");
  CHECK(car.act(start()) == "disconnected");

  VehicleAction close;
  close.mutable_chargeportdoorclose();
  CHECK(car.act(close) == "");
  CHECK(car.shown("charge_state", "charge_port_door_open") == false);
  CHECK(car.shown("charge_state", "charge_port_latch") == "Engaged");
  VehicleAction open;
  open.mutable_chargeportdooropen();
  CHECK(car.act(open) == "");
  CHECK(car.shown("charge_state", "charge_port_door_open") == true);

  car.act(close);
  set_cable(car.car().charging, Cable::plugged_in);
  CHECK(car.shown("charge_state", "charge_port_door_open") == true);
  CHECK(car.act(close) == "cable connected");
  CHECK(car.act(start()) == "");
}

TEST_CASE("charging: scheduled charging and scheduled departure exclude each other") {
  DrivenCar car;
  VehicleAction charging;
  charging.mutable_scheduledchargingaction()->set_enabled(true);
  charging.mutable_scheduledchargingaction()->set_charging_time(90);
  CHECK(car.act(charging) == "");
  CHECK(car.shown("charge_state", "scheduled_charging_mode") == "StartAt");
  CHECK(car.shown("charge_state", "scheduled_charging_start_time_minutes") == 90);

  VehicleAction departure;
  auto& request = *departure.mutable_scheduleddepartureaction();
  request.set_enabled(true);
  request.set_departure_time(450);
  request.set_off_peak_hours_end_time(360);
  request.mutable_preconditioning_times()->mutable_weekdays();
  request.mutable_off_peak_charging_times()->mutable_all_week();
  CHECK(car.act(departure) == "");
  CHECK(car.shown("charge_state", "scheduled_charging_mode") == "DepartBy");
  CHECK(car.shown("charge_state", "scheduled_charging_pending") == false);
  CHECK(car.shown("charge_state", "scheduled_departure_time_minutes") == 450);
  CHECK(car.shown("charge_state", "preconditioning_enabled") == true);
  CHECK(car.shown("charge_state", "preconditioning_times") == "weekdays");
  CHECK(car.shown("charge_state", "off_peak_charging_times") == "all_week");
  CHECK(car.shown("charge_state", "off_peak_hours_end_time") == 360);

  request.Clear();
  CHECK(car.act(departure) == "");
  CHECK(car.shown("charge_state", "scheduled_charging_mode") == "Off");
  CHECK(car.shown("charge_state", "scheduled_departure_time_minutes").is_null());

  request.set_enabled(true);
  request.set_departure_time(1441);
  CHECK(car.act(departure) == "invalid_time");
  charging.mutable_scheduledchargingaction()->set_charging_time(-1);
  CHECK(car.act(charging) == "invalid_time");
}

TEST_CASE("charging: a request without a choice is refused") {
  DrivenCar car;
  VehicleAction action;
  action.mutable_chargingstartstopaction();
  CHECK(car.act(action) == "invalid_command");
}
