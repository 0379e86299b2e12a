// SPDX-License-Identifier: Apache-2.0
// The control paths /sim/v1/oauth…: settings of the OAuth server and the partner endpoints, and what goes wrong there.
#pragma once

#include "daemon/http/message.h"
#include "simulator/garage.h"

namespace fleetsign::simulator {

http::Reply show_oauth(Garage& garage, const http::Request& request);
http::Reply set_oauth(Garage& garage, const http::Request& request);
http::Reply host_public_key(Garage& garage, const http::Request& request);
http::Reply revoke_access_tokens(Garage& garage, const http::Request& request);
http::Reply list_oauth_faults(Garage& garage, const http::Request& request);
http::Reply order_oauth_fault(Garage& garage, const http::Request& request);
http::Reply clear_oauth_faults(Garage& garage, const http::Request& request);

}  // namespace fleetsign::simulator
