// SPDX-License-Identifier: Apache-2.0
// The paths of Fleet API: /status and /api/1/….
#pragma once

#include "daemon/http/message.h"
#include "simulator/garage.h"

namespace fleetsign::simulator {

/// Never throws for anything that a client can send.
http::Reply answer_fleet_api(Garage& garage, const http::Request& request);

}  // namespace fleetsign::simulator
