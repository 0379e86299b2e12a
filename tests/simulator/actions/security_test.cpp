// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "tests/simulator/actions/driven_car.h"

namespace {

using CarServer::VehicleAction;
using fleetsign::test::DrivenCar;

VehicleAction valet(bool on, const std::string& pin = "") {
  VehicleAction action;
  action.mutable_vehiclecontrolsetvaletmodeaction()->set_on(on);
  action.mutable_vehiclecontrolsetvaletmodeaction()->set_password(pin);
  return action;
}

VehicleAction pin_to_drive(bool on, const std::string& pin = "") {
  VehicleAction action;
  action.mutable_vehiclecontrolsetpintodriveaction()->set_on(on);
  action.mutable_vehiclecontrolsetpintodriveaction()->set_password(pin);
  return action;
}

VehicleAction speed_limit(bool on, const std::string& pin) {
  VehicleAction action;
  action.mutable_drivingspeedlimitaction()->set_activate(on);
  action.mutable_drivingspeedlimitaction()->set_pin(pin);
  return action;
}

VehicleAction parental_controls(bool on, const std::string& pin) {
  VehicleAction action;
  action.mutable_parentalcontrolsaction()->set_activate(on);
  action.mutable_parentalcontrolsaction()->set_pin(pin);
  return action;
}

VehicleAction guest_mode(bool on) {
  VehicleAction action;
  action.mutable_guestmodeaction()->set_guestmodeactive(on);
  return action;
}

}  // namespace

TEST_CASE("security: sentry mode and guest mode are set") {
  DrivenCar car;
  VehicleAction sentry;
  sentry.mutable_vehiclecontrolsetsentrymodeaction()->set_on(true);
  CHECK(car.act(sentry) == "");
  CHECK(car.shown("vehicle_state", "sentry_mode") == true);
  CHECK(car.act(guest_mode(true)) == "");
  CHECK(car.shown("vehicle_state", "guest_mode") == true);
}

TEST_CASE("security: valet mode keeps its first PIN until that is reset, and ends without it") {
  DrivenCar car;
  CHECK(car.act(valet(false)) == "already off");
  CHECK(car.act(valet(true)) == "pin_required");
  CHECK(car.act(valet(true, "1234")) == "");
  CHECK(car.shown("vehicle_state", "valet_mode") == true);
  CHECK(car.act(valet(true, "1234")) == "already on");
  CHECK(car.act(valet(false)) == "");
  CHECK(car.shown("vehicle_state", "valet_mode") == false);
  CHECK(car.act(valet(true, "9999")) == "incorrect_pin");

  VehicleAction reset;
  reset.mutable_vehiclecontrolresetvaletpinaction();
  CHECK(car.shown("vehicle_state", "valet_pin_needed") == false);
  CHECK(car.act(reset) == "");
  CHECK(car.shown("vehicle_state", "valet_pin_needed") == true);
  CHECK(car.act(valet(true, "9999")) == "");
  CHECK(car.act(reset) == "mode_is_on");
}

TEST_CASE("security: PIN to Drive keeps its first PIN and ignores later ones") {
  DrivenCar car;
  VehicleAction reset;
  reset.mutable_vehiclecontrolresetpintodriveaction();
  CHECK(car.act(pin_to_drive(true)) == "pin_required");
  CHECK(car.act(reset) == "no_pin");
  CHECK(car.act(pin_to_drive(true, "1111")) == "");
  CHECK(car.shown("vehicle_state", "pin_to_drive_enabled") == true);
  CHECK(car.act(reset) == "mode_is_on");
  CHECK(car.act(pin_to_drive(false)) == "");
  CHECK(car.act(pin_to_drive(true, "2222")) == "");
  CHECK(car.car().security.pin_to_drive.pin == "1111");
  CHECK(car.act(pin_to_drive(false)) == "");
  CHECK(car.act(reset) == "");
  CHECK(car.car().security.pin_to_drive.pin.empty());

  car.act(pin_to_drive(true, "3333"));
  VehicleAction reset_by_owner;
  reset_by_owner.mutable_vehiclecontrolresetpintodriveadminaction();
  CHECK(car.act(reset_by_owner) == "");
  CHECK(car.shown("vehicle_state", "pin_to_drive_enabled") == false);
}

TEST_CASE("security: in valet mode PIN to Drive stays as it is") {
  DrivenCar car;
  car.act(valet(true, "1234"));
  CHECK(car.act(pin_to_drive(true, "1111")) == "valet_mode");
  VehicleAction reset;
  reset.mutable_vehiclecontrolresetpintodriveaction();
  CHECK(car.act(reset) == "valet_mode");
}

TEST_CASE("security: user data is erased in guest mode only, where the car keeps its name") {
  DrivenCar car;
  VehicleAction erase;
  erase.mutable_eraseuserdataaction();
  VehicleAction rename;
  rename.mutable_setvehiclenameaction()->set_vehiclename("other");
  CHECK(car.act(erase) == "not_in_guest_mode");
  car.act(guest_mode(true));
  CHECK(car.act(erase) == "");
  CHECK(car.car().security.erasures == 1);
  CHECK(car.act(rename) == "guest_mode");
}

TEST_CASE("security: the speed limit is guarded by its PIN") {
  DrivenCar car;
  const auto shown = [&](const char* member) { return car.shown("vehicle_state", "speed_limit_mode").at(member); };
  VehicleAction clear;
  clear.mutable_drivingclearspeedlimitpinaction()->set_pin("1234");
  CHECK(car.act(speed_limit(false, "1234")) == "already off");
  CHECK(car.act(speed_limit(true, "1234")) == "");
  CHECK(car.name() == "speed_limit_activate");
  CHECK(shown("active") == true);
  CHECK(shown("pin_code_set") == true);
  CHECK(car.act(speed_limit(false, "4321")) == "incorrect_pin");
  CHECK(car.act(clear) == "mode_is_on");
  CHECK(car.act(speed_limit(false, "1234")) == "");
  CHECK(car.name() == "speed_limit_deactivate");
  CHECK(shown("active") == false);
  CHECK(car.act(clear) == "");
  CHECK(shown("pin_code_set") == false);

  car.act(speed_limit(true, "5555"));
  VehicleAction clear_by_owner;
  clear_by_owner.mutable_drivingclearspeedlimitpinadminaction();
  CHECK(car.act(clear_by_owner) == "");
  CHECK(shown("active") == false);
  CHECK(shown("pin_code_set") == false);
}

TEST_CASE("security: the speed limit is within what the car can do") {
  DrivenCar car;
  VehicleAction action;
  auto& request = *action.mutable_drivingsetspeedlimitaction();
  request.set_limit_mph(65.5);
  CHECK(car.act(action) == "");
  CHECK(car.shown("vehicle_state", "speed_limit_mode").at("current_limit_mph") == 65.5);
  for (double mph : {49.9, 120.1}) {
    request.set_limit_mph(mph);
    CHECK(car.act(action) == "out_of_range");
  }
}

TEST_CASE("security: parental controls have a PIN, settings and a speed limit of their own") {
  DrivenCar car;
  const auto shown = [&](const char* member) { return car.shown("vehicle_state", "parental_controls").at(member); };
  CHECK(car.act(parental_controls(true, "1234")) == "");
  CHECK(car.name() == "parental_controls_activate");
  CHECK(shown("active") == true);
  CHECK(car.act(parental_controls(false, "0000")) == "incorrect_pin");

  VehicleAction setting;
  auto& request = *setting.mutable_parentalcontrolsenablesettingsaction();
  request.set_setting(CarServer::ParentalControlsEnableSettingsAction::Curfew);
  request.set_enable(true);
  CHECK(car.act(setting) == "");
  CHECK(shown("settings").at("Curfew") == true);
  CHECK(shown("settings").at("SpeedLimit") == false);
  request.set_setting(static_cast<CarServer::ParentalControlsEnableSettingsAction::ParentalControlsSetting_E>(7));
  CHECK(car.act(setting) == "invalid_setting");

  VehicleAction limit;
  limit.mutable_parentalcontrolssetspeedlimitaction()->set_limit_mph(70);
  CHECK(car.act(limit) == "");
  CHECK(shown("speed_limit_mph") == 70.0);

  CHECK(car.act(parental_controls(false, "1234")) == "");
  VehicleAction clear;
  clear.mutable_parentalcontrolsclearpinaction()->set_pin("1234");
  CHECK(car.act(clear) == "");
  CHECK(shown("pin_set") == false);
  car.act(parental_controls(true, "5555"));
  VehicleAction clear_by_owner;
  clear_by_owner.mutable_parentalcontrolsclearpinadminaction();
  CHECK(car.act(clear_by_owner) == "");
  CHECK(shown("active") == false);
}
