// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {

std::vector<Command> vehicle_rows() {
  return {
      infotainment("cancel_software_update", Repeat::safe, "Cancel the software update that is scheduled",
                   [](VehicleAction& action) { action.mutable_vehiclecontrolcancelsoftwareupdateaction(); }),
      infotainment("ping", Repeat::safe, "Prove that the key is accepted; changes nothing",
                   [](VehicleAction& action) { action.mutable_ping()->set_ping_id(1); }),
      infotainment(
          "schedule_software_update", Repeat::safe, "Install the software update that is available",
          [](VehicleAction& action, std::int32_t offset) {
            action.mutable_vehiclecontrolschedulesoftwareupdateaction()->set_offset_sec(offset);
          },
          whole("offset_sec", "How long from now", {.min = 0}).unit("seconds").example(7200)),
      infotainment(
          "set_vehicle_name", Repeat::safe, "Give the vehicle a name",
          [](VehicleAction& action, std::string name) {
            action.mutable_setvehiclenameaction()->set_vehiclename(std::move(name));
          },
          text("vehicle_name", "The new name").example("Daisy")),
      {.name = "wake_up", .summary = "Ask Fleet API to wake the vehicle", .route = Route::wake, .repeat = Repeat::safe},
  };
}

}  // namespace fleetsign::catalogue
