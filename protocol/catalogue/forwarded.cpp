// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {

std::vector<Command> forwarded_rows() {
  return {
      forwarded("navigation_gps_request", "Navigate to coordinates"),
      forwarded("navigation_request", "Navigate to an address, which Fleet API resolves"),
      forwarded("navigation_sc_request", "Navigate to a Supercharger"),
      forwarded("navigation_waypoints_request", "Navigate along several places"),
      forwarded("remote_auto_steering_wheel_heat_climate_request", "Heat the steering wheel automatically"),
      forwarded("remote_boombox", "Play a sound outside"),
      forwarded("remote_steering_wheel_heat_level_request", "Set how far to heat the steering wheel"),
      forwarded("set_managed_charge_current_request", "Set the current of managed charging"),
      forwarded("set_managed_charger_location", "Set where charging is managed"),
      forwarded("set_managed_scheduled_charging_time", "Set when managed charging starts"),
      forwarded("share", "Send a place or a link to the vehicle"),
      forwarded("take_drivenote", "Record a drive note"),
      forwarded("upcoming_calendar_entries", "Send calendar entries to the vehicle"),
  };
}

}  // namespace fleetsign::catalogue
