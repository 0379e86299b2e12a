// SPDX-License-Identifier: Apache-2.0
#include "simulator/routes.h"

namespace fleetsign::simulator {
namespace {

/// Takes the first segment off a path.
std::string_view next_segment(std::string_view& path) {
  const auto slash = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, slash);
  path.remove_prefix(std::min(slash + 1, path.size()));
  return segment;
}

}  // namespace

std::optional<std::vector<std::string_view>> match_path(std::string_view pattern, std::string_view path) {
  if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/')) return std::nullopt;
  std::vector<std::string_view> captures;
  while (!pattern.empty() || !path.empty()) {
    const auto wanted = next_segment(pattern);
    const auto found = next_segment(path);
    if (wanted.starts_with('{') && !found.empty()) {
      captures.push_back(found);
    } else if (wanted != found) {
      return std::nullopt;
    }
  }
  return captures;
}

}  // namespace fleetsign::simulator
