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

/// What /openapi.json says of one of our own paths.
struct RouteText {
  std::string_view id;                          ///< unique, and usable as a name in programs; empty: says nothing
  std::string_view summary;                     ///< one sentence without a full stop
  std::string_view media = "application/json";  ///< of the reply
  std::string_view body = {};  ///< JSON Schema of what it takes, to answer as commands do; empty: nothing
};

struct DocumentedRoute {
  std::string_view method;
  std::string_view pattern;
  RouteText text;
  bool needs_caller = true;
};

}  // namespace fleetsign::api
