// SPDX-License-Identifier: Apache-2.0
#include "config/suggestion.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace fleetsign::config {
namespace {

/// Far beyond every name that we have, so that no text makes the search slow.
constexpr std::size_t kLongestName = 64;

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

/// The distance, when a third of the letters at most is wrong, or when the typed word is the beginning of the other.
std::optional<std::size_t> close_distance(std::string_view typed, std::string_view meant) {
  constexpr std::size_t kTellingStart = 3;
  const bool is_start = typed.size() >= kTellingStart && meant.starts_with(typed);
  if (is_start) return meant.size() - typed.size();
  const std::size_t shorter = std::min(typed.size(), meant.size());
  const std::size_t longer = std::max(typed.size(), meant.size());
  const std::size_t most = std::max<std::size_t>(1, longer / 3);
  if (longer - shorter > most) return std::nullopt;
  const std::size_t distance = edit_distance(typed, meant);
  return distance <= most ? std::optional(distance) : std::nullopt;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::optional<std::string> suggestion(std::string_view name, std::span<const std::string> candidates) {
  if (name.size() > kLongestName) return std::nullopt;
  constexpr std::size_t kFar = kLongestName;
  std::optional<std::string> best;
  std::pair<std::size_t, std::size_t> best_score{kFar, kFar};
  for (const std::string& candidate : candidates) {
    const std::size_t whole = close_distance(name, candidate).value_or(kFar);
    const std::size_t part = close_distance(last_part(name), last_part(candidate)).value_or(kFar);
    const std::pair score{std::min(whole, part), whole};
    if (score >= best_score) continue;
    best_score = score;
    best = candidate;
  }
  return best;
}

}  // namespace fleetsign::config
