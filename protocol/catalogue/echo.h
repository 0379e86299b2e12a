// SPDX-License-Identifier: Apache-2.0
// What others sent, made fit for a message to people: short, one line, ASCII.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace fleetsign::catalogue {

/// A name as it came; what does not belong into a name becomes '?'.
std::string echo_name(std::string_view name);

/// A value as JSON; "an array" and "an object" for those.
std::string echo_value(const nlohmann::json& value);

}  // namespace fleetsign::catalogue
