// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/simulator/actions/driven_car.h"

namespace {

using CarServer::VehicleAction;
using fleetsign::test::DrivenCar;

}  // namespace

TEST_CASE("closures: lights and horn are counted, as nothing else shows them") {
  DrivenCar car;
  VehicleAction flash;
  flash.mutable_vehiclecontrolflashlightsaction();
  VehicleAction honk;
  honk.mutable_vehiclecontrolhonkhornaction();
  CHECK(car.act(flash) == "");
  CHECK(car.name() == "flash_lights");
  CHECK(car.act(honk) == "");
  CHECK(car.act(honk) == "");
  CHECK(car.name() == "honk_horn");
  CHECK(car.car().closures.flashes == 1);
  CHECK(car.car().closures.honks == 2);
}

TEST_CASE("closures: all windows are vented and closed together") {
  DrivenCar car;
  VehicleAction action;
  action.mutable_vehiclecontrolwindowaction()->mutable_vent();
  CHECK(car.act(action) == "");
  for (const char* window : {"fd_window", "fp_window", "rd_window", "rp_window"}) {
    CHECK(car.shown("vehicle_state", window) == 1);
  }
  action.mutable_vehiclecontrolwindowaction()->mutable_close();
  CHECK(car.act(action) == "");
  CHECK(car.shown("vehicle_state", "fd_window") == 0);
  action.mutable_vehiclecontrolwindowaction()->mutable_unknown();
  CHECK(car.act(action) == "invalid_command");
}

TEST_CASE("closures: the sun roof takes a level or a word") {
  DrivenCar car;
  VehicleAction action;
  auto& roof = *action.mutable_vehiclecontrolsunroofopencloseaction();
  roof.mutable_vent();
  CHECK(car.act(action) == "");
  CHECK(car.shown("vehicle_state", "sun_roof_percent_open") == 15);
  roof.mutable_close();
  CHECK(car.act(action) == "");
  CHECK(car.shown("vehicle_state", "sun_roof_percent_open") == 0);
  roof.clear_action();
  roof.set_absolute_level(70);
  CHECK(car.act(action) == "");
  CHECK(car.shown("vehicle_state", "sun_roof_percent_open") == 70);
  roof.set_absolute_level(101);
  CHECK(car.act(action) == "invalid_level");
  CHECK(car.shown("vehicle_state", "sun_roof_percent_open") == 70);
}

TEST_CASE("closures: Homelink needs to know where the car is") {
  DrivenCar car;
  VehicleAction action;
  auto& homelink = *action.mutable_vehiclecontroltriggerhomelinkaction();
  CHECK(car.act(action) == "location_required");
  homelink.mutable_location()->set_latitude(52.5F);
  CHECK(car.act(action) == "");
  CHECK(car.car().closures.homelink_triggers == 1);
}
