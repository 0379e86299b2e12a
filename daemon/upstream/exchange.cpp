// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/exchange.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "daemon/ops/clock.h"

namespace fleetsign::upstream {
namespace {

/// How much later than the deadline a caller gives up on the I/O thread.
constexpr std::chrono::milliseconds kGrace{50};

/// std::condition_variable waits on a clock that stands still while the machine sleeps, so look at ours now and then.
constexpr std::chrono::seconds kLongestWait{60};

}  // namespace

Exchange::Exchange(const Request& request, Target target)
    : started_(ops::boot_now()), request_(request), target_(std::move(target)) {}

bool Exchange::hand_over() {
  const std::lock_guard lock(mutex_);
  if (settled_ || ops::boot_now() >= request_.deadline) return false;
  sent_ = Undelivered::Sent::maybe;
  return true;
}

Undelivered::Sent Exchange::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

void Exchange::settle(Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    if (settled_) return;
    settled_ = true;
    answer_ = std::move(answer);
  }
  answered_.notify_one();
}

bool Exchange::settled() const {
  const std::lock_guard lock(mutex_);
  return settled_;
}

Answer Exchange::wait() {
  std::unique_lock lock(mutex_);
  while (!settled_) {
    // Subtract from now rather than add to the deadline, which may be the end of time.
    const protocol::Duration left = request_.deadline - (ops::boot_now() - kGrace);
    if (left <= protocol::Duration::zero()) {
      settled_ = true;
      const bool handed_over = sent_ == Undelivered::Sent::maybe;
      return Undelivered{.sent = sent_,
                         .phase = handed_over ? Undelivered::Phase::receive : Undelivered::Phase::connect,
                         .timed_out = true,
                         .cause = overdue_text(request_.deadline, "while the client was not responding")};
    }
    answered_.wait_for(lock, std::min<protocol::Duration>(left, kLongestWait));
  }
  return std::move(*answer_);
}

std::string Exchange::overdue_text(protocol::Instant limit, const std::string& where) const {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", std::chrono::duration<double>(limit - started_).count());
  return "no answer from " + target_.place + " within " + seconds + " s " + where;
}

}  // namespace fleetsign::upstream
