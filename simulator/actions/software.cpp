// SPDX-License-Identifier: Apache-2.0
#include "simulator/actions/actions.h"

namespace fleetsign::simulator {
namespace {

Outcome schedule_update(Car& car, const CarServer::VehicleControlScheduleSoftwareUpdateAction& request) {
  if (request.offset_sec() < 0) return refused("schedule_software_update", "invalid_time");
  car.software.update_scheduled = true;
  car.software.update_in_seconds = request.offset_sec();
  return done("schedule_software_update");
}

Outcome cancel_update(Car& car, const CarServer::VehicleControlCancelSoftwareUpdateAction&) {
  if (!car.software.update_scheduled) return refused("cancel_software_update", "not_scheduled");
  car.software.update_scheduled = false;
  return done("cancel_software_update");
}

Outcome set_vehicle_name(Car& car, const CarServer::SetVehicleNameAction& request) {
  if (car.security.guest_mode) return refused("set_vehicle_name", "guest_mode");
  car.software.vehicle_name = request.vehiclename();
  return done("set_vehicle_name");
}

Outcome set_low_power_mode(Car& car, const CarServer::SetLowPowerModeAction& request) {
  car.software.low_power_mode = request.low_power_mode();
  return done("set_low_power_mode");
}

Outcome keep_accessory_power(Car& car, const CarServer::SetKeepAccessoryPowerModeAction& request) {
  car.software.keep_accessory_power = request.keep_accessory_power_mode();
  return done("keep_accessory_power_mode");
}

Outcome ping(Car&, const CarServer::Ping& request) {
  auto outcome = done("ping");
  CarServer::Response response;
  response.mutable_actionstatus();
  *response.mutable_ping() = request;
  outcome.payload = response.SerializeAsString();
  return outcome;
}

}  // namespace

ActionRows software_actions() {
  return {
      row(VehicleAction::kVehicleControlScheduleSoftwareUpdateAction,
          &VehicleAction::vehiclecontrolschedulesoftwareupdateaction, schedule_update),
      row(VehicleAction::kVehicleControlCancelSoftwareUpdateAction,
          &VehicleAction::vehiclecontrolcancelsoftwareupdateaction, cancel_update),
      row(VehicleAction::kSetVehicleNameAction, &VehicleAction::setvehiclenameaction, set_vehicle_name),
      row(VehicleAction::kSetLowPowerModeAction, &VehicleAction::setlowpowermodeaction, set_low_power_mode),
      row(VehicleAction::kSetKeepAccessoryPowerModeAction, &VehicleAction::setkeepaccessorypowermodeaction,
          keep_accessory_power),
      row(VehicleAction::kPing, &VehicleAction::ping, ping),
  };
}

}  // namespace fleetsign::simulator
