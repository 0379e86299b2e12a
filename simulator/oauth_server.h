// SPDX-License-Identifier: Apache-2.0
// The paths of the OAuth server: /oauth2/v3/….
#pragma once

#include <string_view>

#include "daemon/http/message.h"
#include "simulator/garage.h"

namespace fleetsign::simulator {

inline constexpr std::string_view kOAuthPrefix = "/oauth2/v3/";

/// Never throws for anything that a client can send.
http::Reply answer_oauth(Garage& garage, const http::Request& request);

}  // namespace fleetsign::simulator
