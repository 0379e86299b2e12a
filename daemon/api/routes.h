// SPDX-License-Identifier: Apache-2.0
// Which handler a path has: a table of patterns, matched segment by segment.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace fleetsign::api {

/// The segments that a pattern's names stand for, in its order.
using Captures = std::vector<std::string_view>;

/// Whether the path fits: "{x}" stands for any one segment that is not empty, a last "*" for one or more of any kind.
bool matches(std::string_view pattern, std::string_view path, Captures& captures);

}  // namespace fleetsign::api
