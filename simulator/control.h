// SPDX-License-Identifier: Apache-2.0
// The control paths, /sim/v1/…: what a test sees of the vehicles and orders to go wrong.
#pragma once

#include <string_view>

#include "daemon/http/message.h"
#include "simulator/garage.h"

namespace fleetsign::simulator {

inline constexpr std::string_view kControlPrefix = "/sim/v1/";

/// Never throws for anything that a client can send.
http::Reply answer_control(Garage& garage, const http::Request& request);

}  // namespace fleetsign::simulator
