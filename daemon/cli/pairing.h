// SPDX-License-Identifier: Apache-2.0
// Whether a vehicle has the app's key, as Fleet API says.
#pragma once

#include <string>

#include "config/config.h"
#include "daemon/cli/remote.h"

namespace fleetsign::cli {

/// The VIN of a vehicle as people type it: that, or its name in the configuration.
RemoteResult<std::string> vin_of(const config::Config& config, const std::string& typed);

/// Asks once, through the running daemon. Fleet API may know it some time after the vehicle does; the vehicle is not
/// woken. kUnavailable when the question may be answered another time.
RemoteResult<bool> is_paired(const Remote& remote, const std::string& token, const std::string& vin);

}  // namespace fleetsign::cli
