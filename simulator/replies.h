// SPDX-License-Identifier: Apache-2.0
// Replies in the shape that Fleet API gives them.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "daemon/http/message.h"

namespace fleetsign::simulator {

/// Members stay in the order in which they were added, as in Fleet API's own replies.
using Json = nlohmann::ordered_json;

http::Reply json_reply(int status, const Json& body);

/// `{"response":null,"error":…,"error_description":…}`
http::Reply error_reply(int status, std::string_view error, std::string_view description = "");

/// What Fleet API says with a status, when there is only one thing that it says. Empty for other statuses.
std::string_view usual_error(int status);

/// A request's body, when it is JSON and says so.
std::optional<Json> json_body(const http::Request& request);

}  // namespace fleetsign::simulator
