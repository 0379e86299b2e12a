// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/rate_limiter.h"

#include <algorithm>
#include <string>
#include <utility>

namespace fleetsign::vehicles {
namespace {

using protocol::Failure;
using protocol::Instant;
using protocol::Kind;

Failure refusal(const upstream::Charge& charge, std::size_t rate, protocol::Duration wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  return {.kind = Kind::local_rate,
          .message = "the vehicle has had its requests of a minute: `rate_limits." +
                     std::string(to_string(charge.category)) + "` is " + std::to_string(rate),
          .retry_after = static_cast<int>(seconds.count())};
}

}  // namespace

void RateLimiter::set_rates(const Rates& rates) {
  for (const auto category : upstream::kCategories) rates_[category] = rates[category].value_or(0);
}

std::optional<std::size_t> RateLimiter::rate_of(upstream::Category category) const {
  const std::size_t rate = rates_[category];
  return rate == 0 ? std::nullopt : std::optional(rate);
}

std::optional<Failure> RateLimiter::admit(const upstream::Charge& charge) {
  const auto rate = rate_of(charge.category);
  if (!rate || charge.vehicle.empty()) return std::nullopt;
  const Instant now = clock_();
  const std::lock_guard lock(mutex_);
  Times& times = vehicles_[charge.vehicle][charge.category];
  if (times.size() > *rate) times.erase(times.begin(), times.end() - static_cast<std::ptrdiff_t>(*rate));
  if (times.size() == *rate) {
    const auto wait = times.front() + kMinute - now;
    if (wait > protocol::Duration::zero()) return refusal(charge, *rate, wait);
    times.erase(times.begin());
  }
  times.push_back(now);
  return std::nullopt;
}

void RateLimiter::settle(const upstream::Charge& charge, int requests, Instant since) {
  const auto rate = rate_of(charge.category);
  if (!rate || charge.vehicle.empty() || requests == 1) return;
  const Instant now = clock_();
  const std::lock_guard lock(mutex_);
  Times& times = vehicles_[charge.vehicle][charge.category];
  if (requests < 1) {
    // Its own, or that of one that was admitted between the two: earlier, so no minute gets more than the rate.
    const auto own = std::ranges::find_if(times, [&](Instant time) { return time >= since; });
    if (own != times.end()) times.erase(own);
    return;
  }
  times.insert(times.end(), static_cast<std::size_t>(requests) - 1, now);
  if (times.size() > *rate) times.erase(times.begin(), times.end() - static_cast<std::ptrdiff_t>(*rate));
}

}  // namespace fleetsign::vehicles
