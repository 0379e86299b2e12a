// SPDX-License-Identifier: Apache-2.0
// How exchanges get from the callers' threads to the I/O thread, which is woken only when it sleeps.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/http/descriptor.h"
#include "daemon/upstream/exchange.h"

namespace fleetsign::upstream {

class Inbox {
 public:
  /// Throws std::system_error when the process has no descriptor left.
  Inbox();

  /// What has come for the I/O thread.
  struct Contents {
    std::vector<std::shared_ptr<Exchange>> submitted;  ///< to be started
    std::vector<std::shared_ptr<Exchange>> nudged;     ///< to be looked at: their callers have done something
    bool winds_down = false;                           ///< what is dispensable is to end
    bool is_asked_for = false;                         ///< somebody waits for it to be taken, whatever it is
  };

  /// For any thread. False when the inbox is closed: the exchange is not taken.
  bool submit(std::shared_ptr<Exchange> exchange);
  /// For any thread. Of no effect when the inbox is closed.
  void nudge(std::shared_ptr<Exchange> exchange);
  /// For any thread. Of no effect when the inbox is closed.
  void wind_down();
  /// For any thread. Nothing is taken from now on; wakes the I/O thread. The first reason, in words, stays.
  void close(const std::string& reason);
  /// Why it is closed; nothing while it is open.
  [[nodiscard]] std::optional<std::string> closed() const;
  /// For any thread. Whether the I/O thread, woken, comes to take() within this time; not when it is closed.
  [[nodiscard]] bool is_taken_within(std::chrono::milliseconds patience);

  /// What came since the last call.
  Contents take();
  /// Whether there is nothing to take and it is open. If so, the next call of the other threads makes bell()
  /// readable, an eventfd.
  bool may_sleep();
  [[nodiscard]] int bell() const { return bell_.get(); }

 private:
  template <class Add>
  bool put(Add add);
  void ring() const;

  const http::Descriptor bell_;
  mutable std::mutex mutex_;  ///< guards all that follows
  Contents waiting_;
  bool asleep_ = false;
  std::uint64_t takes_ = 0;
  std::condition_variable taken_;
  std::optional<std::string> closed_;
};

}  // namespace fleetsign::upstream
