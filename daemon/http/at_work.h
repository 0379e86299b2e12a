// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <list>
#include <mutex>

namespace fleetsign::http {

/// Those that are at work, and since when. Safe to use from many threads.
class AtWork {
  using Clock = std::chrono::steady_clock;

 public:
  /// One of them, for as long as it lives. The others outlive it.
  class Entry {
   public:
    explicit Entry(AtWork& all) : all_(all), place_(all.enter()) {}
    ~Entry() { all_.leave(place_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    AtWork& all_;
    const std::list<Clock::time_point>::iterator place_;
  };

  /// For how long the one has been at work that began first; zero without any.
  [[nodiscard]] std::chrono::milliseconds longest() const {
    const std::lock_guard lock(mutex_);
    if (begun_.empty()) return std::chrono::milliseconds(0);
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_.front());
  }

 private:
  std::list<Clock::time_point>::iterator enter() {
    const std::lock_guard lock(mutex_);
    return begun_.insert(begun_.end(), Clock::now());
  }
  void leave(std::list<Clock::time_point>::iterator place) {
    const std::lock_guard lock(mutex_);
    begun_.erase(place);
  }

  mutable std::mutex mutex_;
  std::list<Clock::time_point> begun_;  ///< in their order, so that the first is the oldest
};

}  // namespace fleetsign::http
