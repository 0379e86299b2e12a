// SPDX-License-Identifier: Apache-2.0
// The actions that infotainment knows: one row for each field of VehicleAction, by subject.
#pragma once

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/proto/car_server.pb.h"
#include "simulator/car.h"
#include "simulator/outcome.h"

namespace fleetsign::simulator {

using CarServer::VehicleAction;

/// Carried out: `Response{actionStatus{}}`.
Outcome done(std::string_view name);
/// Declined, with the reason in the car's own words.
Outcome refused(std::string_view name, std::string_view reason);

struct ActionRow {
  VehicleAction::VehicleActionMsgCase message{};
  std::function<Outcome(Car&, const VehicleAction&)> perform;
};

/// A row whose handler takes just its own message: `Outcome perform(Car&, const Message&)`.
template <class Message, class Perform>
ActionRow row(VehicleAction::VehicleActionMsgCase message, const Message& (VehicleAction::*read)() const,
              Perform perform) {
  return {message, [read, perform](Car& car, const VehicleAction& action) { return perform(car, (action.*read)()); }};
}

using ActionRows = std::vector<ActionRow>;
ActionRows closure_actions();
ActionRows charging_actions();
ActionRows schedule_actions();
ActionRows climate_actions();
ActionRows media_actions();
ActionRows security_actions();
ActionRows software_actions();

/// What a person does at the charge port, which is open then.
void set_cable(Charging& charging, Cable cable);

/// Executes an encoded action whose number is none of the published ones. An unknown one is not understood.
Outcome perform_unpublished(Car& car, std::string_view encoded);

/// Executes an encoded `CarServer.Action`.
Outcome perform_action(Car& car, std::string_view encoded);

}  // namespace fleetsign::simulator
