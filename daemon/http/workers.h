// SPDX-License-Identifier: Apache-2.0
// A pool of threads that grows when work waits and shrinks when none comes, in front of a queue with an end.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "daemon/http/connection.h"

namespace fleetsign::http {

/// All member functions but stop() may be called from several threads at once.
class Workers {
 public:
  using Job = std::unique_ptr<Connection>;
  using Work = std::function<void(Job)>;

  struct Size {
    std::size_t threads = 0;                       ///< at most
    std::size_t queue = 0;                         ///< jobs beyond those that a thread is free for
    std::chrono::milliseconds spare_time{30'000};  ///< a thread without work ends after this
    const char* name = "http-worker";              ///< of its threads, as ps shows it; at most 15 characters
  };

  /// `work` runs in the pool's threads. When it throws, its job ends there, and nothing else does.
  Workers(Size size, Work work);
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Takes the job, or gives it back when no thread is free and the queue is full, or the pool is stopped.
  [[nodiscard]] Job submit(Job job);

  /// Whether the next job would have to wait for a thread.
  [[nodiscard]] bool saturated() const;
  [[nodiscard]] std::size_t threads() const;
  /// For how long no thread has taken a job, while some wait for one; zero while none does.
  [[nodiscard]] std::chrono::milliseconds stalled() const;

  struct Figures {
    std::size_t threads = 0;
    std::size_t busy = 0;    ///< of these, those with work
    std::size_t queued = 0;  ///< jobs that wait
  };
  [[nodiscard]] Figures figures() const;

  /// Drops what waits in the queue and returns when what runs has ended. Not from a thread of the pool.
  void stop();

 private:
  struct Worker {
    explicit Worker(Workers& owner) : pool(owner) {}
    Workers& pool;
    pthread_t thread{};
    std::condition_variable wake;
    bool called = false;
  };

  // All of these with mutex_ held.
  [[nodiscard]] std::size_t free_threads() const;
  void call_one();
  bool start_one();
  bool wait_for_call(Worker& self, std::unique_lock<std::mutex>& lock);
  void retire(Worker& self);

  void run(Worker& self);

  const Size size_;
  const Work work_;

  mutable std::mutex mutex_;
  std::deque<Job> queue_;
  std::chrono::steady_clock::time_point moved_;  ///< when the queue's first job became that
  std::list<Worker> workers_;
  std::vector<Worker*> spare_;    ///< those without work; the last one in is the first one called, its stack is warm
  std::vector<pthread_t> ended_;  ///< to be joined
  bool calling_ = false;          ///< one worker has been called or started and has not come yet
  bool stopping_ = false;
};

}  // namespace fleetsign::http
