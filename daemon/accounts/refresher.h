// SPDX-License-Identifier: Apache-2.0
// The thread that refreshes the tokens of one managed account: where its server hangs, no other account waits.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "daemon/accounts/alarm.h"
#include "daemon/accounts/managed_account.h"
#include "daemon/ops/log.h"

namespace fleetsign::accounts {

class Refresher {
 public:
  /// Everything outlives it.
  Refresher(std::shared_ptr<ManagedAccount> account, Alarm& alarm, Times times, Refresh refresh, ops::Log& log);
  /// Waits for a refresh that is under way.
  ~Refresher();
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

  /// Begins no other refresh; returns when the one that is under way, and its writing, are over, or at the deadline.
  /// For any thread.
  void end(protocol::Instant deadline);

 private:
  void run();

  const std::shared_ptr<ManagedAccount> account_;
  Alarm& alarm_;
  const Times times_;
  const Refresh refresh_;
  ops::Log& log_;

  std::mutex mutex_{};  // guards the next ones
  std::condition_variable ended_{};
  bool is_ending_ = false;
  bool has_ended_ = false;
  std::thread thread_;
};

}  // namespace fleetsign::accounts
