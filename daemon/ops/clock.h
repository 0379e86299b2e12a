// SPDX-License-Identifier: Apache-2.0
// The one reader of the machine's clocks; everything else is given what they say.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "protocol/time.h"

namespace fleetsign::ops {

/// CLOCK_BOOTTIME, which goes on while the machine is suspended. Never goes back; safe to call from many threads.
protocol::Instant boot_now();

/// For how long the machine has been suspended since it started, to within what lies between two looks at its clocks.
/// Safe to call from many threads.
protocol::Duration suspended();

/// A clock of Unix seconds that is set once, to `unix_now`, and from then on goes with `boot`: whoever sets the
/// machine's clock later does not move it. As safe to call from many threads as `boot` is.
std::function<std::int64_t()> steady_unix_clock(std::int64_t unix_now, std::function<protocol::Instant()> boot);

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// The time of day, right or wrong. Safe to call from many threads.
WallTime wall_now();

/// The same in whole Unix seconds.
std::int64_t unix_now();

/// Whether something keeps the machine's clock right; nothing where that cannot be found out. Safe to call from many
/// threads.
std::optional<bool> is_synchronised();

/// A moment on all clocks of this machine, so that it can be found again after a restart.
struct Moment {
  std::string boot_id;  ///< of the kernel's run; empty when it cannot be told
  protocol::Instant boot;
  std::optional<WallTime> wall;  ///< only while is_synchronised()
};

/// Safe to call from many threads.
Moment moment_now();

/// How long ago a moment may lie that is found by wall time: a vehicle's clock drifts.
inline constexpr std::chrono::hours kLongestByWall{24};

/// Where `then` lies on the boot clock of `now`, or a little later: what has passed since is at least what it seems.
/// Nothing when the clocks cannot tell, or contradict each other.
std::optional<protocol::Instant> locate(const Moment& then, const Moment& now);

}  // namespace fleetsign::ops
