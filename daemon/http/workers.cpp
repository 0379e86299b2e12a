// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/workers.h"

#include <algorithm>
#include <utility>

namespace fleetsign::http {
namespace {

/// Of address space; memory is what a handler touches of it. Small, so that thousands of threads are affordable.
constexpr std::size_t kStackBytes = 512 * 1024;

}  // namespace

Workers::Workers(Size size, Work work) : size_(size), work_(std::move(work)) {}

Workers::Job Workers::submit(Job job) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || queue_.size() >= size_.queue + free_threads()) return job;
  if (queue_.empty()) moved_ = std::chrono::steady_clock::now();
  queue_.push_back(std::move(job));
  call_one();
  if (!workers_.empty()) return nullptr;
  // Not even the first thread could be started.
  job = std::move(queue_.back());
  queue_.pop_back();
  return job;
}

bool Workers::saturated() const {
  const std::lock_guard lock(mutex_);
  return queue_.size() >= free_threads();
}

std::size_t Workers::threads() const {
  const std::lock_guard lock(mutex_);
  return workers_.size();
}

std::chrono::milliseconds Workers::stalled() const {
  using std::chrono::milliseconds;
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return milliseconds(0);
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - moved_);
}

Workers::Figures Workers::figures() const {
  const std::lock_guard lock(mutex_);
  return {.threads = workers_.size(), .busy = workers_.size() - spare_.size(), .queued = queue_.size()};
}

void Workers::stop() {
  {
    std::deque<Job> dropped;  // ends behind the lock
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
    for (Worker* worker : std::exchange(spare_, {})) {
      worker->called = true;
      worker->wake.notify_one();
    }
  }
  // From here on nobody changes workers_ and ended_.
  for (const Worker& worker : workers_) pthread_join(worker.thread, nullptr);
  for (const pthread_t thread : ended_) pthread_join(thread, nullptr);
  workers_.clear();
  ended_.clear();
}

std::size_t Workers::free_threads() const {
  return spare_.size() + (calling_ ? 1 : 0) + (size_.threads - workers_.size());
}

// One worker at a time is called, and it calls the next one when there is more than it takes. So short jobs are done by
// the few threads that are awake already, and long ones still get a thread each.
void Workers::call_one() {
  if (queue_.empty() || calling_) return;
  if (spare_.empty()) {
    calling_ = workers_.size() < size_.threads && start_one();
    return;
  }
  Worker* const worker = spare_.back();
  spare_.pop_back();
  calling_ = worker->called = true;
  worker->wake.notify_one();
}

bool Workers::start_one() {
  for (const pthread_t thread : std::exchange(ended_, {})) pthread_join(thread, nullptr);
  Worker& worker = workers_.emplace_back(*this);
  worker.called = true;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  const auto enter = [](void* self) -> void* {
    auto& entered = *static_cast<Worker*>(self);
    entered.pool.run(entered);
    return nullptr;
  };
  const bool started = pthread_create(&worker.thread, &attributes, enter, &worker) == 0;
  pthread_attr_destroy(&attributes);
  if (!started) workers_.pop_back();
  return started;
}

void Workers::run(Worker& self) {
  ::pthread_setname_np(::pthread_self(), size_.name);
  std::unique_lock lock(mutex_);
  for (;;) {
    if (std::exchange(self.called, false)) calling_ = false;
    if (stopping_) return;  // stop() joins it
    if (queue_.empty()) {
      if (wait_for_call(self, lock)) continue;
      return retire(self);
    }
    Job job = std::move(queue_.front());
    queue_.pop_front();
    if (!queue_.empty()) moved_ = std::chrono::steady_clock::now();
    call_one();
    lock.unlock();
    try {
      work_(std::move(job));
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory, or a bug; its connection is gone with the job
    }
    lock.lock();
  }
}

bool Workers::wait_for_call(Worker& self, std::unique_lock<std::mutex>& lock) {
  spare_.push_back(&self);
  if (self.wake.wait_for(lock, size_.spare_time, [&] { return self.called; })) return true;
  std::erase(spare_, &self);
  return false;
}

void Workers::retire(Worker& self) {
  ended_.push_back(self.thread);
  workers_.remove_if([&](const Worker& worker) { return &worker == &self; });
}

}  // namespace fleetsign::http
