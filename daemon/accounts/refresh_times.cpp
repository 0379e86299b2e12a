// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/refresh_times.h"

#include <algorithm>
#include <chrono>

namespace fleetsign::accounts {
namespace {

using protocol::Duration;

constexpr Duration kShortest = std::chrono::seconds(5);
constexpr int kMostDoublings = 8;  // beyond kLongestBackOff

Duration part_of(Duration whole, double part) {
  return std::chrono::duration_cast<Duration>(whole * part);
}

}  // namespace

Duration time_ahead(Duration lifetime, double random) {
  return part_of(lifetime, 0.1 + 0.1 * random);
}

Duration back_off(int failures, double random) {
  const auto longest = std::min(kLongestBackOff, kShortest * (1 << std::clamp(failures - 1, 0, kMostDoublings)));
  return part_of(longest, 0.5 + 0.5 * random);
}

}  // namespace fleetsign::accounts
