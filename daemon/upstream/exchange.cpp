// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/exchange.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "daemon/ops/clock.h"
#include "daemon/upstream/request_rules.h"

namespace fleetsign::upstream {
namespace {

/// How much later than the limit a caller gives up on the I/O thread.
constexpr std::chrono::milliseconds kGrace{50};

/// std::condition_variable waits on a clock that stands still while the machine sleeps, so look at ours now and then.
constexpr std::chrono::seconds kLongestWait{60};

/// How often a caller that waits looks whether its own caller is still there.
constexpr std::chrono::milliseconds kLook{250};

}  // namespace

std::string seconds_text(protocol::Duration time) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f", std::chrono::duration<double>(time).count());
  return seconds;
}

Exchange::Exchange(const Request& request, Target target)
    : started_(ops::boot_now()), request_(request), target_(std::move(target)) {
  request_.body_source.reset();
}

protocol::Instant Exchange::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_now();
}

bool Exchange::hand_over() {
  const std::lock_guard lock(mutex_);
  if (settled_ || ops::boot_now() >= request_.deadline) return false;
  sent_ = Undelivered::Sent::maybe;
  ++handed_over_;
  return true;
}

Undelivered::Sent Exchange::sent() const {
  const std::lock_guard lock(mutex_);
  return sent_;
}

void Exchange::settle(Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    settle_now(std::move(answer));
  }
  changed_.notify_one();
}

void Exchange::settle_now(Answer answer) {
  if (settled_) return;
  settled_ = true;
  answer_ = std::move(answer);
  std::visit([this](auto& any) { any.repeats = repeats_now(); }, *answer_);
}

bool Exchange::settled() const {
  const std::lock_guard lock(mutex_);
  return settled_;
}

void Exchange::give_up_now(Undelivered answer) {
  if (settled_) return;
  settle_now(std::move(answer));
  given_up_ = true;
}

bool Exchange::given_up() const {
  const std::lock_guard lock(mutex_);
  return given_up_;
}

bool Exchange::is_dispensable() const {
  const std::lock_guard lock(mutex_);
  // Asking is safe: until it is settled, the caller waits, and its own caller's connection with it.
  return !settled_ && request_.caller_gone && (awaits_reading() || request_.caller_gone());
}

bool Exchange::awaits_reading() const {
  return is_safe(request_.method);
}

bool Exchange::is_for_caller_alone() const {
  return is_safe(request_.method) || sent_ == Undelivered::Sent::no;
}

Answer Exchange::wait() {
  std::unique_lock lock(mutex_);
  while (!settled_) await_change(lock);
  return std::move(*answer_);
}

void Exchange::await_change(std::unique_lock<std::mutex>& lock) {
  // Subtract from now rather than add to the limit, which may be the end of time.
  const protocol::Duration left = limit_now() - (ops::boot_now() - kGrace);
  if (left > protocol::Duration::zero()) {
    const bool looks = request_.caller_gone && is_for_caller_alone();
    const protocol::Duration longest = looks ? protocol::Duration(kLook) : protocol::Duration(kLongestWait);
    const bool is_quiet = changed_.wait_for(lock, std::min(left, longest)) == std::cv_status::timeout;
    // Asked again, as the request may have been sent meanwhile.
    if (looks && is_quiet && is_for_caller_alone() && request_.caller_gone()) {
      give_up_now({.sent = sent_, .phase = Undelivered::Phase::caller_gone, .cause = "the caller has gone"});
    }
    return;
  }
  const bool handed_over = sent_ == Undelivered::Sent::maybe;
  give_up_now({.sent = sent_,
               .phase = handed_over ? Undelivered::Phase::receive : Undelivered::Phase::connect,
               .timed_out = true,
               .cause = overdue_text(limit_now(), "while the client was not responding")});
}

std::string Exchange::overdue_text(protocol::Instant limit, const std::string& where) const {
  return "no answer from " + target_.place + " within " + seconds_text(limit - started_) + " s " + where;
}

}  // namespace fleetsign::upstream
