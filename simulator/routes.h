// SPDX-License-Identifier: Apache-2.0
// Paths as patterns: "/api/1/vehicles/{tag}/wake_up" fits any one segment in place of {tag}.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"

namespace fleetsign::simulator {

/// The segments that stand in place of {…}, in order; nothing when the path does not fit.
std::optional<std::vector<std::string_view>> match_path(std::string_view pattern, std::string_view path);

/// The first row whose pattern and method fit, or else the methods that the path has.
template <class Route>
struct RouteMatch {
  const Route* route = nullptr;
  std::vector<std::string_view> captures;
  std::string allowed;  ///< as the Allow header lists them; empty when no pattern fits
};

/// Rows have a `method` and a `pattern`. Once a pattern fits, only rows with that same pattern count.
template <class Route>
RouteMatch<Route> find_route(std::span<const Route> routes, const http::Request& request) {
  RouteMatch<Route> match;
  std::string_view fitting;
  for (const Route& route : routes) {
    if (!fitting.empty() && route.pattern != fitting) continue;
    auto captures = match_path(route.pattern, request.path);
    if (!captures) continue;
    fitting = route.pattern;
    match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(route.method);
    if (route.method != request.method) continue;
    match.route = &route;
    match.captures = *std::move(captures);
    return match;
  }
  return match;
}

}  // namespace fleetsign::simulator
