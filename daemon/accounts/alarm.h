// SPDX-License-Identifier: Apache-2.0
// What a thread that refreshes tokens sleeps on.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "protocol/time.h"

namespace fleetsign::accounts {

/// Safe to use from many threads; one of them sleeps.
class Alarm {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rings_ = true;
    changed_.notify_all();
  }

  /// Until it rings, or has rung since the last sleep, or `until` has come by the clock.
  void sleep(protocol::Instant until, const std::function<protocol::Instant()>& now) {
    std::unique_lock lock(mutex_);
    while (!rings_) {
      const auto present = now();
      if (until <= present) break;
      changed_.wait_for(lock, std::min(until - present, kLook));
    }
    rings_ = false;
  }

 private:
  /// The clock goes on while the machine is suspended, and a wait does not.
  static constexpr protocol::Duration kLook = std::chrono::seconds(30);

  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool rings_ = false;  // with mutex_ held
};

}  // namespace fleetsign::accounts
