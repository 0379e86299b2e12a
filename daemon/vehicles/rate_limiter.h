// SPDX-License-Identifier: Apache-2.0
// How many requests a vehicle gets in a minute: so that a caller that runs wild is refused here, before Fleet API bills
// and then refuses everybody's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/upstream/billing.h"
#include "daemon/upstream/recent.h"
#include "daemon/vehicles/patience.h"
#include "protocol/failure.h"
#include "protocol/time.h"

namespace fleetsign::vehicles {

/// Requests a minute, for each vehicle; nothing: as many as come.
using Rates = upstream::ByCategory<std::optional<std::size_t>>;

/// What is refused is a whole command, at the door: one that was admitted is never cut off in its midst, and what it
/// costs beyond its first request counts against the next one. In no minute are more admitted than the rate, wherever
/// the minute begins. Safe to use from many threads.
class RateLimiter {
 public:
  static constexpr protocol::Duration kMinute = std::chrono::minutes(1);
  static constexpr std::size_t kVehicles = 20'000;

  /// Rates are 1 or more. Of at most `vehicles` (1 or more) it knows what they had; to make room for another, the one
  /// that was asked for longest ago is forgotten.
  RateLimiter(const Rates& rates, Clock clock, std::size_t vehicles = kVehicles)
      : clock_(std::move(clock)), vehicles_(vehicles) {
    set_rates(rates);
  }

  /// From now on; what vehicles have had counts, but for what they had while there was no rate.
  void set_rates(const Rates& rates);

  /// Counts one request; or Kind::local_rate, with when to come again.
  [[nodiscard]] std::optional<protocol::Failure> admit(const upstream::Charge& charge);

  /// How many requests it came to in the end, of one that was admitted, and not before `since`. Of none, its place is
  /// given back, and nobody else's: else who is turned away again and again would keep the places of others fresh.
  void settle(const upstream::Charge& charge, int requests, protocol::Instant since);

 private:
  using Times = std::vector<protocol::Instant>;  // of the last requests, as many as the rate has, in order

  [[nodiscard]] std::optional<std::size_t> rate_of(upstream::Category category) const;

  upstream::ByCategory<std::atomic<std::size_t>> rates_;  // 0: as many as come
  const Clock clock_;
  std::mutex mutex_{};  // guards the rest
  upstream::Recent<upstream::ByCategory<Times>> vehicles_;
};

}  // namespace fleetsign::vehicles
