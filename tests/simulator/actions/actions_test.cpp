// SPDX-License-Identifier: Apache-2.0
#include "simulator/actions/actions.h"

#include <doctest/doctest.h>

#include <set>

#include "tests/simulator/actions/driven_car.h"

namespace {

using CarServer::VehicleAction;

// Questions of a Tesla app, which are no commands.
const std::set<std::string> kNotCommands{"getVehicleData", "getNearbyChargingSites"};

}  // namespace

TEST_CASE("actions: every field of VehicleAction that is a command has a row, and its answer has a status") {
  const auto* descriptor = VehicleAction::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    CAPTURE(field->name());
    fleetsign::test::DrivenCar car;
    VehicleAction action;
    action.GetReflection()->MutableMessage(&action, field);
    CHECK((car.act(action) == "not understood") == (kNotCommands.count(field->name()) > 0));
  }
}

TEST_CASE("actions: bytes that are no action and an action without content are told apart") {
  fleetsign::simulator::Car car;
  CHECK(fleetsign::simulator::perform_action(car, "\x12\x7F").fault == UniversalMessage::MESSAGEFAULT_ERROR_DECODING);
  CHECK(fleetsign::simulator::perform_action(car, "").fault == UniversalMessage::MESSAGEFAULT_ERROR_INVALID_COMMAND);
}
