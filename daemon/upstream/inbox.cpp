// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/inbox.h"

#include <sys/eventfd.h>

#include <utility>

#include "daemon/upstream/descriptor.h"

namespace fleetsign::upstream {

Inbox::Inbox() : bell_(own(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {}

/// Wakes the I/O thread, if it sleeps. False when the inbox is closed: nothing is added.
template <class Add>
bool Inbox::put(Add add) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    add(waiting_);
    if (!std::exchange(asleep_, false)) return true;
  }
  ring();
  return true;
}

bool Inbox::submit(std::shared_ptr<Exchange> exchange) {
  return put([&](Contents& waiting) { waiting.submitted.push_back(std::move(exchange)); });
}

void Inbox::nudge(std::shared_ptr<Exchange> exchange) {
  put([&](Contents& waiting) { waiting.nudged.push_back(std::move(exchange)); });
}

void Inbox::wind_down() {
  put([](Contents& waiting) { waiting.winds_down = true; });
}

void Inbox::close(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = reason;
    asleep_ = false;
    taken_.notify_all();
  }
  ring();
}

std::optional<std::string> Inbox::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool Inbox::is_taken_within(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  const auto before = takes_;
  waiting_.is_asked_for = true;
  if (std::exchange(asleep_, false)) ring();
  return taken_.wait_for(lock, patience, [&] { return closed_ || takes_ != before; }) && !closed_;
}

Inbox::Contents Inbox::take() {
  const std::lock_guard lock(mutex_);
  ++takes_;
  taken_.notify_all();
  asleep_ = false;
  return std::exchange(waiting_, {});
}

bool Inbox::may_sleep() {
  const std::lock_guard lock(mutex_);
  asleep_ = waiting_.submitted.empty() && waiting_.nudged.empty() && !waiting_.winds_down && !waiting_.is_asked_for &&
            !closed_;
  return asleep_;
}

void Inbox::ring() const {
  // It cannot fail: the counter is 64 bits wide, and full only after 2^64 - 2 unheard rings.
  eventfd_write(bell_.get(), 1);
}

}  // namespace fleetsign::upstream
