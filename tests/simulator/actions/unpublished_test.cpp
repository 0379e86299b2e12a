// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "protocol/proto/experimental.pb.h"
#include "tests/simulator/actions/driven_car.h"

namespace {

using Experimental::VehicleAction;
using fleetsign::simulator::Car;
using fleetsign::simulator::Outcome;

Outcome perform(Car& car, const VehicleAction& action) {
  Experimental::Action envelope;
  *envelope.mutable_vehicle_action() = action;
  return fleetsign::simulator::perform_action(car, envelope.SerializeAsString());
}

}  // namespace

TEST_CASE("unpublished: every action is understood, and named as Fleet API names it") {
  const auto* descriptor = VehicleAction::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    CAPTURE(field->name());
    Car car;
    VehicleAction action;
    action.GetReflection()->MutableMessage(&action, field);
    const auto outcome = perform(car, action);
    CHECK(outcome.fault == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
    CHECK_FALSE(outcome.name.empty());
  }
}

TEST_CASE("unpublished: a destination replaces the one before") {
  Car car;
  VehicleAction action;
  action.mutable_navigation_request()->set_destination("Berlin");
  CHECK(perform(car, action).executed);
  action.mutable_navigation_supercharger_request()->set_id(7);
  CHECK(perform(car, action).executed);
  CHECK(fleetsign::simulator::vehicle_data(car, {}, "").at("drive_state").at("active_route_destination") ==
        "Supercharger 7");
}

TEST_CASE("unpublished: the steering wheel has three levels, and no zero") {
  Car car;
  VehicleAction action;
  auto& heat = *action.mutable_steering_wheel_heat_level();
  CHECK_FALSE(perform(car, action).executed);
  heat.set_level(Experimental::SteeringWheelHeatLevel::LEVEL_HIGH);
  CHECK(perform(car, action).executed);
  CHECK(fleetsign::simulator::vehicle_data(car, {}, "").at("climate_state").at("steering_wheel_heat_level") == 2);
}

TEST_CASE("unpublished: the boombox plays, but does not help to find the car") {
  Car car;
  VehicleAction action;
  action.mutable_boombox()->set_sound(0);
  CHECK(perform(car, action).executed);
  action.mutable_boombox()->set_sound(2000);
  CHECK_FALSE(perform(car, action).executed);
  CHECK(car.media.boombox_sounds == 1);
}

TEST_CASE("unpublished: an action that nobody knows is not understood") {
  Car car;
  CHECK(fleetsign::simulator::perform_action(car, std::string("\x12\x03\xaa\x06\0", 5)).fault ==
        UniversalMessage::MESSAGEFAULT_ERROR_INVALID_COMMAND);
}
