// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/refresher.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace fleetsign::accounts {

using protocol::Instant;

Refresher::Refresher(std::vector<std::shared_ptr<ManagedAccount>> accounts, Alarm& alarm, Times times, Refresh refresh,
                     ops::Log& log)
    : accounts_(std::move(accounts)),
      alarm_(alarm),
      times_(std::move(times)),
      refresh_(std::move(refresh)),
      log_(log),
      thread_([this] { run(); }) {}

Refresher::~Refresher() {
  end(Instant::min());
  thread_.join();
}

void Refresher::end(Instant deadline) {
  std::unique_lock lock(mutex_);
  is_ending_ = true;
  alarm_.ring();
  while (!has_ended_) {
    const auto now = times_.now();
    if (now >= deadline) return;
    ended_.wait_for(lock, deadline - now);
  }
}

void Refresher::run() {
  for (;;) {
    const auto next = step_all();
    {
      const std::lock_guard lock(mutex_);
      if (is_ending_) break;
    }
    alarm_.sleep(next, times_.now);
  }
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  ended_.notify_all();
}

Instant Refresher::step_all() {
  auto next = Instant::max();
  for (const auto& account : accounts_) {
    {
      const std::lock_guard lock(mutex_);
      if (is_ending_) break;
    }
    next = std::min(next, account->step(refresh_, log_));
  }
  return next;
}

}  // namespace fleetsign::accounts
