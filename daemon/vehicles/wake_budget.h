// SPDX-License-Identifier: Apache-2.0
// How often vehicles may be woken, for each vehicle and day: of all requests, Fleet API charges most for these.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "protocol/failure.h"

namespace fleetsign::vehicles {

/// Where the counts are. A day is that of UTC, in days since 1970. Called from many threads, and of one vehicle by one
/// of them at a time.
struct WakeCounts {
  std::function<std::size_t(const std::string& vin, std::int64_t day)> load;  ///< 0 when there is none
  std::function<void(const std::string& vin, std::int64_t day, std::size_t count)> store;

  /// Those of the day that was asked for last, of at most `most` vehicles: to make room for another, one is forgotten.
  static WakeCounts in_memory(std::size_t most = 20'000);
};

/// Safe to use from many threads, as long as one vehicle is used by one of them at a time: a count is read, and then
/// raised, and nobody waits for a disk on account of another vehicle.
class WakeBudget {
 public:
  /// Without a limit every take() is granted, and nothing is counted. `unix_now` is the wall clock, in seconds.
  WakeBudget(std::optional<std::size_t> limit, std::function<std::int64_t()> unix_now,
             WakeCounts counts = WakeCounts::in_memory());

  /// From now on; what was counted today counts.
  void set_limit(std::optional<std::size_t> limit);

  /// Before a wake_up is sent to the vehicle (VIN in upper case): counts it, or Kind::local_budget until the day ends.
  [[nodiscard]] std::optional<protocol::Failure> take(const std::string& vin);

  /// For one that was taken today, and whose request woke nothing.
  void give_back(const std::string& vin);

 private:
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  std::atomic<std::size_t> limit_;
  const std::function<std::int64_t()> unix_now_;
  const WakeCounts counts_;
};

}  // namespace fleetsign::vehicles
