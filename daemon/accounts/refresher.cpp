// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/refresher.h"

#include <utility>

namespace fleetsign::accounts {

using protocol::Instant;

Refresher::Refresher(std::shared_ptr<ManagedAccount> account, Alarm& alarm, Times times, Refresh refresh, ops::Log& log)
    : account_(std::move(account)),
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
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    lock.unlock();
    alarm_.sleep(account_->step(refresh_, log_), times_.now);
    lock.lock();
  }
  has_ended_ = true;
  ended_.notify_all();
}

}  // namespace fleetsign::accounts
