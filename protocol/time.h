// SPDX-License-Identifier: Apache-2.0
// The two clocks of the protocol, as types that cannot be mixed. Nothing here reads a clock.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace fleetsign::protocol {

/// Our machine's time since boot, suspend included (CLOCK_BOOTTIME): a session's clock must go on while we sleep.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using Instant = BootClock::time_point;
using Duration = BootClock::duration;

/// Seconds of a vehicle domain's own clock within one epoch.
struct VehicleTime {
  std::uint32_t seconds = 0;
  auto operator<=>(const VehicleTime&) const = default;
};

}  // namespace fleetsign::protocol
