// SPDX-License-Identifier: Apache-2.0
// Whether a vehicle has the app's key, as Fleet API says.
#pragma once

#include <string>

#include "daemon/cli/remote.h"

namespace fleetsign::cli {

/// Asks once, through the running daemon. Fleet API may know it some time after the vehicle does; the vehicle is not
/// woken.
RemoteResult<bool> is_paired(const Remote& remote, const std::string& token, const std::string& vin);

}  // namespace fleetsign::cli
