// SPDX-License-Identifier: Apache-2.0
// What the vehicle security computer carries out: locks, lids, drive authorisation.
#pragma once

#include <string_view>

#include "simulator/car.h"
#include "simulator/outcome.h"

namespace fleetsign::simulator {

/// Executes an encoded `VCSEC.UnsignedMessage`. Success has no payload.
Outcome perform_security_command(Car& car, std::string_view encoded);

}  // namespace fleetsign::simulator
