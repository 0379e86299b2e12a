// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <string>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/echo.h"

namespace fleetsign::catalogue {
namespace {

/// How many single letters must be put in, taken out or replaced to make `a` into `b` (Levenshtein's distance).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

/// Of names, the one that `name` is probably a misspelling of.
template <class Named>
std::optional<std::string_view> nearest_name(std::string_view name, std::span<const Named> all) {
  constexpr std::size_t kLongestName = 64;
  if (name.size() > kLongestName) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t best = name.size() / 4 + 2;  // more than that is another word, not a slip
  for (const Named& named : all) {
    const std::size_t steps = distance(name, named.name);
    if (steps >= best) continue;
    best = steps;
    nearest = named.name;
  }
  return nearest;
}

}  // namespace

std::optional<std::string_view> suggestion(std::string_view name) {
  return nearest_name(name, commands());
}

std::optional<std::string_view> parameter_suggestion(const Command& command, std::string_view name) {
  return nearest_name(name, std::span<const Parameter>(command.parameters));
}

protocol::Failure unknown_command(std::string_view name) {
  std::string message = "unknown command " + echo_name(name);
  if (const auto nearest = suggestion(name)) message += ", did you mean " + std::string(*nearest);
  return {.kind = protocol::Kind::unknown_command, .message = std::move(message)};
}

}  // namespace fleetsign::catalogue
