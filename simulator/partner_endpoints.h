// SPDX-License-Identifier: Apache-2.0
// The endpoints of Fleet API at which an app registers its domain and looks up its key.
#pragma once

#include "daemon/http/message.h"
#include "simulator/garage.h"

namespace fleetsign::simulator {

http::Reply register_partner(Garage& garage, const http::Request& request);
http::Reply partner_public_key(Garage& garage, const http::Request& request);

}  // namespace fleetsign::simulator
