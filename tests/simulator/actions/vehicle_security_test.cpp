// SPDX-License-Identifier: Apache-2.0
#include "simulator/actions/vehicle_security.h"

#include <doctest/doctest.h>

#include "tests/simulator/actions/driven_car.h"

namespace {

using fleetsign::test::DrivenCar;

VCSEC::UnsignedMessage remote_key(VCSEC::RKEAction_E action) {
  VCSEC::UnsignedMessage message;
  message.set_rkeaction(action);
  return message;
}

VCSEC::UnsignedMessage front_trunk(VCSEC::ClosureMoveType_E move) {
  VCSEC::UnsignedMessage message;
  message.mutable_closuremoverequest()->set_fronttrunk(move);
  return message;
}

VCSEC::UnsignedMessage rear_trunk(VCSEC::ClosureMoveType_E move) {
  VCSEC::UnsignedMessage message;
  message.mutable_closuremoverequest()->set_reartrunk(move);
  return message;
}

VCSEC::UnsignedMessage tonneau(VCSEC::ClosureMoveType_E move) {
  VCSEC::UnsignedMessage message;
  message.mutable_closuremoverequest()->set_tonneau(move);
  return message;
}

}  // namespace

TEST_CASE("vehicle security: the car starts locked, and is unlocked and locked as often as told") {
  DrivenCar car;
  CHECK(car.shown("vehicle_state", "locked") == true);
  for (int i = 0; i < 2; ++i) CHECK(car.act(remote_key(VCSEC::RKE_ACTION_UNLOCK)) == "");
  CHECK(car.name() == "door_unlock");
  CHECK(car.shown("vehicle_state", "locked") == false);
  for (int i = 0; i < 2; ++i) CHECK(car.act(remote_key(VCSEC::RKE_ACTION_LOCK)) == "");
  CHECK(car.name() == "door_lock");
  CHECK(car.shown("vehicle_state", "locked") == true);
}

TEST_CASE("vehicle security: the rear lid toggles, the front lid only opens") {
  DrivenCar car;
  CHECK(car.act(rear_trunk(VCSEC::CLOSURE_MOVE_TYPE_MOVE)) == "");
  CHECK(car.name() == "actuate_trunk");
  CHECK(car.shown("vehicle_state", "rt") == 1);
  CHECK(car.act(rear_trunk(VCSEC::CLOSURE_MOVE_TYPE_MOVE)) == "");
  CHECK(car.shown("vehicle_state", "rt") == 0);
  for (int i = 0; i < 2; ++i) CHECK(car.act(front_trunk(VCSEC::CLOSURE_MOVE_TYPE_MOVE)) == "");
  CHECK(car.shown("vehicle_state", "ft") == 1);
  CHECK(car.act(front_trunk(VCSEC::CLOSURE_MOVE_TYPE_CLOSE)) == "not understood");
  CHECK(car.shown("vehicle_state", "ft") == 1);
}

TEST_CASE("vehicle security: the rear lid closes when told to, as often as told") {
  DrivenCar car;
  CHECK(car.act(rear_trunk(VCSEC::CLOSURE_MOVE_TYPE_OPEN)) == "");
  CHECK(car.shown("vehicle_state", "rt") == 1);
  for (int i = 0; i < 2; ++i) CHECK(car.act(rear_trunk(VCSEC::CLOSURE_MOVE_TYPE_CLOSE)) == "");
  CHECK(car.name() == "close_trunk");
  CHECK(car.shown("vehicle_state", "rt") == 0);
}

TEST_CASE("vehicle security: the tonneau opens, stops and closes") {
  DrivenCar car;
  CHECK(car.act(tonneau(VCSEC::CLOSURE_MOVE_TYPE_OPEN)) == "");
  CHECK(car.shown("vehicle_state", "tonneau_percent_open") == 100);
  for (int i = 0; i < 2; ++i) CHECK(car.act(tonneau(VCSEC::CLOSURE_MOVE_TYPE_STOP)) == "");
  CHECK(car.name() == "stop_tonneau");
  CHECK(car.shown("vehicle_state", "tonneau_percent_open") == 50);
  CHECK(car.act(tonneau(VCSEC::CLOSURE_MOVE_TYPE_CLOSE)) == "");
  CHECK(car.shown("vehicle_state", "tonneau_percent_open") == 0);
  CHECK(car.act(tonneau(VCSEC::CLOSURE_MOVE_TYPE_STOP)) == "");
  CHECK(car.shown("vehicle_state", "tonneau_percent_open") == 25);
}

TEST_CASE("vehicle security: a car with an open lid does not secure itself") {
  DrivenCar car;
  car.act(remote_key(VCSEC::RKE_ACTION_UNLOCK));
  car.act(rear_trunk(VCSEC::CLOSURE_MOVE_TYPE_MOVE));
  CHECK(car.act(remote_key(VCSEC::RKE_ACTION_AUTO_SECURE_VEHICLE)) == "GENERICERROR_CLOSURES_OPEN");
  CHECK(car.shown("vehicle_state", "locked") == false);
  car.act(rear_trunk(VCSEC::CLOSURE_MOVE_TYPE_MOVE));
  CHECK(car.act(remote_key(VCSEC::RKE_ACTION_AUTO_SECURE_VEHICLE)) == "");
  CHECK(car.shown("vehicle_state", "locked") == true);
}

TEST_CASE("vehicle security: driving can be authorised") {
  DrivenCar car;
  CHECK(car.act(remote_key(VCSEC::RKE_ACTION_REMOTE_DRIVE)) == "");
  CHECK(car.name() == "remote_start_drive");
  CHECK(car.shown("vehicle_state", "remote_start") == true);
}

TEST_CASE("vehicle security: keys are not changed by a client, which is told why") {
  DrivenCar car;
  VCSEC::UnsignedMessage message;
  message.mutable_whitelistoperation();
  CHECK(car.act(message) == "WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_ADD");
}

TEST_CASE("vehicle security: an empty request, an unknown action and a door that has no motor are not understood") {
  DrivenCar car;
  VCSEC::UnsignedMessage message;
  CHECK(car.act(message) == "not understood");
  message.mutable_closuremoverequest();
  CHECK(car.act(message) == "not understood");
  message.mutable_closuremoverequest()->set_frontdriverdoor(VCSEC::CLOSURE_MOVE_TYPE_OPEN);
  CHECK(car.act(message) == "not understood");
  CHECK(car.act(remote_key(static_cast<VCSEC::RKEAction_E>(99))) == "not understood");
}
