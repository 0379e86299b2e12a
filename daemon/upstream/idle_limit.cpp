// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/idle_limit.h"

#include <algorithm>

namespace fleetsign::upstream {

std::optional<std::chrono::seconds> IdleLimit::now(protocol::Duration suspended, protocol::Instant now) {
  const protocol::Duration awake = now.time_since_epoch() - suspended;
  if (suspended - suspended_ >= kNoise) {
    suspended_ = suspended;
    resumed_ = awake;
  }
  if (!resumed_) return kMost;
  // Nobody knows when between two requests the machine was suspended: what was idle at the second one may be dead.
  const auto since = std::chrono::floor<std::chrono::seconds>(awake - *resumed_);
  // A limit of 0 s is none at all to later releases of libcurl than 7.88.
  if (since < std::chrono::seconds(2)) return std::nullopt;
  return std::min(since - std::chrono::seconds(1), kMost);
}

}  // namespace fleetsign::upstream
