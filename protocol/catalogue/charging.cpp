// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

using StartStop = CarServer::ChargingStartStopAction;

template <CarServer::Void* (StartStop::*kSet)()>
Command start_stop(std::string_view name, std::string_view summary) {
  return infotainment(name, Repeat::safe, summary,
                      [](VehicleAction& action) { (action.mutable_chargingstartstopaction()->*kSet)(); });
}

}  // namespace

std::vector<Command> charging_rows() {
  return {
      start_stop<&StartStop::mutable_start_max_range>("charge_max_range", "Set the charge limit to its maximum"),
      infotainment("charge_port_door_close", Repeat::safe, "Close the charge port",
                   [](VehicleAction& action) { action.mutable_chargeportdoorclose(); }),
      infotainment("charge_port_door_open", Repeat::safe, "Open the charge port, or unlock the cable in it",
                   [](VehicleAction& action) { action.mutable_chargeportdooropen(); }),
      start_stop<&StartStop::mutable_start_standard>("charge_standard", "Set the charge limit to its standard"),
      start_stop<&StartStop::mutable_start>("charge_start", "Start charging"),
      start_stop<&StartStop::mutable_stop>("charge_stop", "Stop charging"),
      infotainment(
          "set_charge_limit", Repeat::safe, "Set the charge limit",
          [](VehicleAction& action, std::int32_t percent) {
            action.mutable_chargingsetlimitaction()->set_percent(percent);
          },
          whole("percent", "State of charge to stop at", {.min = 0, .max = 100}).alias("soc_limit").example(80)),
      infotainment(
          "set_charging_amps", Repeat::safe, "Set the charging current",
          [](VehicleAction& action, std::int32_t amps) {
            action.mutable_setchargingampsaction()->set_charging_amps(amps);
          },
          whole("charging_amps", "Current to charge with", {.min = 0}).unit("amperes").example(16)),
  };
}

}  // namespace fleetsign::catalogue
