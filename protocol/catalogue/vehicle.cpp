// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {

std::vector<Command> vehicle_rows() {
  return {
      infotainment("ping", Repeat::safe, "Prove that the key is accepted; changes nothing",
                   [](VehicleAction& action) { action.mutable_ping()->set_ping_id(1); }),
      {.name = "wake_up", .summary = "Wake the vehicle and wait until it is online", .route = Route::wake},
  };
}

}  // namespace fleetsign::catalogue
