// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {

std::vector<Command> forwarded_rows() {
  return {
      forwarded("set_managed_charge_current_request", "Set the current of managed charging"),
      forwarded("set_managed_charger_location", "Set where charging is managed"),
      forwarded("set_managed_scheduled_charging_time", "Set when managed charging starts"),
      forwarded("share", "Send a place or a link to the vehicle"),
  };
}

}  // namespace fleetsign::catalogue
