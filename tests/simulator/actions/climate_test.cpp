// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/simulator/actions/driven_car.h"

namespace {

using CarServer::VehicleAction;
using fleetsign::test::DrivenCar;

VehicleAction climate(bool on) {
  VehicleAction action;
  action.mutable_hvacautoaction()->set_power_on(on);
  return action;
}

VehicleAction temperatures(float driver, float passenger) {
  VehicleAction action;
  auto& request = *action.mutable_hvactemperatureadjustmentaction();
  request.set_driver_temp_celsius(driver);
  request.set_passenger_temp_celsius(passenger);
  request.mutable_level()->mutable_temp_max();
  return action;
}

constexpr const char* kClimateIsOff = "cabin comfort remote settings not enabled";

}  // namespace

TEST_CASE("climate: it is off at 20 degrees, and goes on and off as often as told") {
  DrivenCar car;
  CHECK(car.shown("climate_state", "is_climate_on") == false);
  CHECK(car.shown("climate_state", "driver_temp_setting") == 20.0);
  CHECK(car.shown("climate_state", "passenger_temp_setting") == 20.0);
  for (int i = 0; i < 2; ++i) CHECK(car.act(climate(true)) == "");
  CHECK(car.name() == "auto_conditioning_start");
  CHECK(car.shown("climate_state", "is_climate_on") == true);
  CHECK(car.act(climate(false)) == "");
  CHECK(car.name() == "auto_conditioning_stop");
  CHECK(car.shown("climate_state", "is_climate_on") == false);
}

TEST_CASE("climate: temperatures are set for each side, within what the car can do") {
  DrivenCar car;
  CHECK(car.act(temperatures(21.5F, 0)) == "");
  CHECK(car.name() == "set_temps");
  CHECK(car.shown("climate_state", "driver_temp_setting") == 21.5);
  CHECK(car.shown("climate_state", "passenger_temp_setting") == 20.0);
  CHECK(car.act(temperatures(10, 40)) == "");
  CHECK(car.shown("climate_state", "driver_temp_setting") == 15.0);
  CHECK(car.shown("climate_state", "passenger_temp_setting") == 28.0);
  CHECK(car.act(temperatures(0, 0)) == "invalid_temperature");
}

TEST_CASE("climate: modes that need air turn it on") {
  {
    DrivenCar car;
    VehicleAction action;
    action.mutable_hvacsetpreconditioningmaxaction()->set_on(true);
    CHECK(car.act(action) == "");
    CHECK(car.shown("climate_state", "defrost_mode") == 2);
    CHECK(car.shown("climate_state", "is_climate_on") == true);
  }
  {
    DrivenCar car;
    VehicleAction action;
    action.mutable_hvacbioweaponmodeaction()->set_on(true);
    CHECK(car.act(action) == "");
    CHECK(car.shown("climate_state", "bioweapon_mode") == true);
    CHECK(car.shown("climate_state", "is_climate_on") == true);
  }
  {
    DrivenCar car;
    VehicleAction action;
    action.mutable_hvacclimatekeeperaction()->set_climatekeeperaction(
        CarServer::HvacClimateKeeperAction::ClimateKeeperAction_Dog);
    CHECK(car.act(action) == "");
    CHECK(car.shown("climate_state", "climate_keeper_mode") == "dog");
    CHECK(car.shown("climate_state", "is_climate_on") == true);
  }
}

TEST_CASE("climate: an unknown keeper mode is refused") {
  DrivenCar car;
  VehicleAction action;
  action.mutable_hvacclimatekeeperaction()->set_climatekeeperaction(
      static_cast<CarServer::HvacClimateKeeperAction::ClimateKeeperAction_E>(9));
  CHECK(car.act(action) == "invalid_mode");
}

TEST_CASE("climate: the cabin is protected from heat, with air or with the fan alone") {
  DrivenCar car;
  VehicleAction action;
  auto& request = *action.mutable_setcabinoverheatprotectionaction();
  request.set_on(true);
  CHECK(car.act(action) == "");
  CHECK(car.shown("climate_state", "cabin_overheat_protection") == "On");
  request.set_fan_only(true);
  CHECK(car.act(action) == "");
  CHECK(car.shown("climate_state", "cabin_overheat_protection") == "FanOnly");
  request.set_on(false);
  CHECK(car.act(action) == "");
  CHECK(car.shown("climate_state", "cabin_overheat_protection") == "Off");
}

TEST_CASE("climate: the protection's temperature has three steps, and no level 0") {
  DrivenCar car;
  VehicleAction action;
  auto& request = *action.mutable_setcoptempaction();
  CHECK(car.act(action) == "invalid_temperature");
  request.set_copactivationtemp(CarServer::ClimateState::CopActivationTempLow);
  CHECK(car.act(action) == "");
  CHECK(car.shown("climate_state", "cop_activation_temperature") == "Low");
  request.set_copactivationtemp(CarServer::ClimateState::CopActivationTempHigh);
  CHECK(car.act(action) == "");
  CHECK(car.shown("climate_state", "cop_activation_temperature") == "High");
}

TEST_CASE("climate: seats and steering wheel are heated only while the climate system runs") {
  DrivenCar car;
  VehicleAction heater;
  auto& seat = *heater.mutable_hvacseatheateractions()->add_hvacseatheateraction();
  seat.mutable_seat_heater_high();
  seat.mutable_car_seat_rear_center();
  VehicleAction cooler;
  auto& fan = *cooler.mutable_hvacseatcooleractions()->add_hvacseatcooleraction();
  fan.set_seat_cooler_level(CarServer::HvacSeatCoolerActions::HvacSeatCoolerLevel_High);
  fan.set_seat_position(CarServer::HvacSeatCoolerActions::HvacSeatCoolerPosition_FrontRight);
  VehicleAction automatic;
  auto& auto_seat = *automatic.mutable_autoseatclimateaction()->add_carseat();
  auto_seat.set_on(true);
  auto_seat.set_seat_position(CarServer::AutoSeatClimateAction::AutoSeatPosition_FrontLeft);
  VehicleAction wheel;
  wheel.mutable_hvacsteeringwheelheateraction()->set_power_on(true);

  for (const auto& action : {heater, cooler, automatic, wheel}) CHECK(car.act(action) == kClimateIsOff);
  car.act(climate(true));
  for (const auto& action : {heater, cooler, automatic, wheel}) CHECK(car.act(action) == "");
  CHECK(car.shown("climate_state", "seat_heater_rear_center") == 3);
  CHECK(car.shown("climate_state", "seat_heater_left") == 0);
  CHECK(car.shown("climate_state", "seat_fan_front_right") == 3);
  CHECK(car.shown("climate_state", "seat_fan_front_left") == 0);
  CHECK(car.shown("climate_state", "auto_seat_climate_left") == true);
  CHECK(car.shown("climate_state", "auto_seat_climate_right") == false);
  CHECK(car.shown("climate_state", "steering_wheel_heater") == true);
}

TEST_CASE("climate: every seat has its heater") {
  using Heater = CarServer::HvacSeatHeaterActions::HvacSeatHeaterAction;
  struct Seat {
    CarServer::Void* (Heater::*position)();
    const char* member;
  };
  const Seat seats[] = {{&Heater::mutable_car_seat_front_left, "seat_heater_left"},
                        {&Heater::mutable_car_seat_front_right, "seat_heater_right"},
                        {&Heater::mutable_car_seat_rear_left, "seat_heater_rear_left"},
                        {&Heater::mutable_car_seat_rear_left_back, "seat_heater_rear_left_back"},
                        {&Heater::mutable_car_seat_rear_center, "seat_heater_rear_center"},
                        {&Heater::mutable_car_seat_rear_right, "seat_heater_rear_right"},
                        {&Heater::mutable_car_seat_rear_right_back, "seat_heater_rear_right_back"},
                        {&Heater::mutable_car_seat_third_row_left, "seat_heater_third_row_left"},
                        {&Heater::mutable_car_seat_third_row_right, "seat_heater_third_row_right"}};
  CarServer::Void* (Heater::*const levels[])() = {&Heater::mutable_seat_heater_off, &Heater::mutable_seat_heater_low,
                                                  &Heater::mutable_seat_heater_med, &Heater::mutable_seat_heater_high};
  DrivenCar car;
  car.act(climate(true));
  for (const auto& seat : seats) {
    for (int level = 3; level >= 0; --level) {
      VehicleAction action;
      auto& heater = *action.mutable_hvacseatheateractions()->add_hvacseatheateraction();
      (heater.*seat.position)();
      (heater.*levels[level])();
      CHECK(car.act(action) == "");
      CHECK(car.shown("climate_state", seat.member) == level);
    }
  }
}

TEST_CASE("climate: a seat or a level that there is not changes nothing") {
  DrivenCar car;
  car.act(climate(true));
  VehicleAction heater;
  auto& seats = *heater.mutable_hvacseatheateractions();
  auto* seat = seats.add_hvacseatheateraction();
  seat->mutable_seat_heater_high();
  seat->mutable_car_seat_front_left();
  seats.add_hvacseatheateraction()->mutable_seat_heater_high();
  CHECK(car.act(heater) == "invalid_seat");
  CHECK(car.shown("climate_state", "seat_heater_left") == 0);

  VehicleAction cooler;
  auto& fan = *cooler.mutable_hvacseatcooleractions()->add_hvacseatcooleraction();
  fan.set_seat_position(CarServer::HvacSeatCoolerActions::HvacSeatCoolerPosition_FrontLeft);
  CHECK(car.act(cooler) == "invalid_seat");
  fan.set_seat_cooler_level(CarServer::HvacSeatCoolerActions::HvacSeatCoolerLevel_Off);
  CHECK(car.act(cooler) == "");

  VehicleAction automatic;
  automatic.mutable_autoseatclimateaction()->add_carseat()->set_on(true);
  CHECK(car.act(automatic) == "invalid_seat");
}
