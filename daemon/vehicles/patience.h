// SPDX-License-Identifier: Apache-2.0
// What a caller is prepared to wait for, and the one way in which its thread waits.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "protocol/time.h"

namespace fleetsign::vehicles {

using Clock = std::function<protocol::Instant()>;

/// What a caller is prepared to wait for.
struct Patience {
  protocol::Instant deadline;
  std::function<bool()> caller_gone = [] { return false; };  ///< asked under a lock: it neither blocks nor throws
};

/// How often someone who waits looks whether its caller is still there.
inline constexpr protocol::Duration kLook = std::chrono::milliseconds(250);

/// Waits on `changed` until `ready`, the deadline, or the caller's departure. Whether it is ready.
template <class Ready>
bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, const Clock& clock,
          const Patience& patience, Ready ready) {
  while (!ready()) {
    const protocol::Duration left = patience.deadline - clock();
    if (left <= protocol::Duration::zero() || patience.caller_gone()) return false;
    changed.wait_for(lock, std::min(left, kLook));
  }
  return true;
}

}  // namespace fleetsign::vehicles
