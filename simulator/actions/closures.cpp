// SPDX-License-Identifier: Apache-2.0
#include "simulator/actions/actions.h"

namespace fleetsign::simulator {
namespace {

constexpr int kVented = 15;  // percent that the sun roof stands open
constexpr int kFullyOpen = 100;

Outcome flash_lights(Car& car, const CarServer::VehicleControlFlashLightsAction&) {
  ++car.closures.flashes;
  return done("flash_lights");
}

Outcome honk_horn(Car& car, const CarServer::VehicleControlHonkHornAction&) {
  ++car.closures.honks;
  return done("honk_horn");
}

Outcome window_control(Car& car, const CarServer::VehicleControlWindowAction& request) {
  if (!request.has_vent() && !request.has_close()) return refused("window_control", "invalid_command");
  car.closures.windows_vented = request.has_vent();
  return done("window_control");
}

Outcome sun_roof_control(Car& car, const CarServer::VehicleControlSunroofOpenCloseAction& request) {
  auto& percent = car.closures.sun_roof_percent;
  const auto wanted = request.has_vent()             ? kVented
                      : request.has_close()          ? 0
                      : request.has_open()           ? kFullyOpen
                      : request.has_absolute_level() ? request.absolute_level()
                                                     : -1;
  if (wanted < 0 || wanted > kFullyOpen) return refused("sun_roof_control", "invalid_level");
  percent = wanted;
  return done("sun_roof_control");
}

Outcome trigger_homelink(Car& car, const CarServer::VehicleControlTriggerHomelinkAction& request) {
  if (!request.has_location()) return refused("trigger_homelink", "location_required");
  ++car.closures.homelink_triggers;
  return done("trigger_homelink");
}

}  // namespace

ActionRows closure_actions() {
  return {
      row(VehicleAction::kVehicleControlFlashLightsAction, &VehicleAction::vehiclecontrolflashlightsaction,
          flash_lights),
      row(VehicleAction::kVehicleControlHonkHornAction, &VehicleAction::vehiclecontrolhonkhornaction, honk_horn),
      row(VehicleAction::kVehicleControlWindowAction, &VehicleAction::vehiclecontrolwindowaction, window_control),
      row(VehicleAction::kVehicleControlSunroofOpenCloseAction, &VehicleAction::vehiclecontrolsunroofopencloseaction,
          sun_roof_control),
      row(VehicleAction::kVehicleControlTriggerHomelinkAction, &VehicleAction::vehiclecontroltriggerhomelinkaction,
          trigger_homelink),
  };
}

}  // namespace fleetsign::simulator
