// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/simulator/actions/driven_car.h"

namespace {

using CarServer::VehicleAction;
using fleetsign::test::DrivenCar;

}  // namespace

TEST_CASE("software: an update is scheduled and cancelled") {
  DrivenCar car;
  VehicleAction schedule;
  schedule.mutable_vehiclecontrolschedulesoftwareupdateaction()->set_offset_sec(120);
  VehicleAction cancel;
  cancel.mutable_vehiclecontrolcancelsoftwareupdateaction();
  CHECK(car.act(cancel) == "not_scheduled");
  CHECK(car.act(schedule) == "");
  CHECK(car.shown("vehicle_state", "software_update").at("status") == "scheduled");
  CHECK(car.shown("vehicle_state", "software_update").at("scheduled_in_sec") == 120);
  CHECK(car.act(cancel) == "");
  CHECK(car.shown("vehicle_state", "software_update").at("status") == "available");
  schedule.mutable_vehiclecontrolschedulesoftwareupdateaction()->set_offset_sec(-1);
  CHECK(car.act(schedule) == "invalid_time");
}

TEST_CASE("software: the car has the name that it was given") {
  DrivenCar car;
  VehicleAction action;
  action.mutable_setvehiclenameaction()->set_vehiclename("Bücherwurm");
  CHECK(car.act(action) == "");
  CHECK(car.shown("vehicle_state", "vehicle_name") == "Bücherwurm");
}

TEST_CASE("software: power modes are set") {
  DrivenCar car;
  VehicleAction low_power;
  low_power.mutable_setlowpowermodeaction()->set_low_power_mode(true);
  VehicleAction accessories;
  accessories.mutable_setkeepaccessorypowermodeaction()->set_keep_accessory_power_mode(true);
  CHECK(car.act(low_power) == "");
  CHECK(car.shown("vehicle_state", "low_power_mode") == true);
  CHECK(car.act(accessories) == "");
  CHECK(car.shown("vehicle_state", "keep_accessory_power_mode") == true);
}

TEST_CASE("software: a ping comes back and changes nothing") {
  fleetsign::simulator::Car car;
  CarServer::Action action;
  action.mutable_vehicleaction()->mutable_ping()->set_ping_id(7);
  const auto outcome = fleetsign::simulator::perform_action(car, action.SerializeAsString());
  CHECK(outcome.executed);
  CHECK(outcome.name == "ping");
  CarServer::Response response;
  REQUIRE(response.ParseFromString(outcome.payload));
  CHECK(response.has_actionstatus());
  CHECK(response.ping().ping_id() == 7);
}
