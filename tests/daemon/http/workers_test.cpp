// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/workers.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "tests/daemon/http/listener_fixture.h"
#include "tests/daemon/http/nowhere.h"

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;

const Request kWaiting{};  // whose caller never goes

TEST_CASE("workers: a job gets a thread at once, up to the limit, then a place in the queue, then none") {
  Nowhere jobs;
  Gate gate;
  Workers workers({.threads = 3, .queue = 2}, [&](Workers::Job) { gate.pass(kWaiting); });
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(workers.saturated());
    CHECK(workers.submit(jobs.make()) == nullptr);
  }
  CHECK(workers.saturated());
  gate.wait_for(3);
  for (int i = 0; i < 2; ++i) CHECK(workers.submit(jobs.make()) == nullptr);
  CHECK(workers.submit(jobs.make()) != nullptr);
  CHECK(workers.threads() == 3);
  CHECK(workers.figures().threads == 3);
  CHECK(workers.figures().busy == 3);
  CHECK(workers.figures().queued == 2);
  gate.open();
  CHECK(jobs.ended());
  CHECK(workers.figures().queued == 0);
}

TEST_CASE("workers: one job after the other needs few threads") {
  Nowhere jobs;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  Workers workers({.threads = 100, .queue = 0}, [&](Workers::Job) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  for (int i = 0; i < 200; ++i) {
    CHECK(workers.submit(jobs.make()) == nullptr);
    REQUIRE(jobs.ended());
  }
  CHECK(threads.size() < 20);  // not one: a job may come before the last thread has noted that it is free
}

TEST_CASE("workers: threads without work end after their time, and new ones come when needed") {
  Nowhere jobs;
  Gate gate;
  Workers workers({.threads = 5, .queue = 0, .spare_time = milliseconds(20)},
                  [&](Workers::Job) { gate.pass(kWaiting); });
  for (int i = 0; i < 5; ++i) CHECK(workers.submit(jobs.make()) == nullptr);
  gate.wait_for(5);
  gate.open();
  for (int i = 0; i < 3000 && workers.threads() > 0; ++i) std::this_thread::sleep_for(milliseconds(10));
  CHECK(workers.threads() == 0);
  CHECK(workers.submit(jobs.make()) == nullptr);
  CHECK(jobs.ended());
}

TEST_CASE("workers: a job that throws ends, and its thread goes on") {
  Nowhere jobs;
  std::atomic<int> runs = 0;
  Workers workers({.threads = 1, .queue = 10}, [&](Workers::Job) {
    if (++runs % 2 == 1) throw std::runtime_error("broken");
  });
  for (int i = 0; i < 6; ++i) CHECK(workers.submit(jobs.make()) == nullptr);
  CHECK(jobs.ended());
  CHECK(runs == 6);
}

TEST_CASE("workers: they are stalled while a job waits and no thread takes one") {
  Nowhere jobs;
  Gate gate;
  Workers workers({.threads = 1, .queue = 10}, [&](Workers::Job) { gate.pass(kWaiting); });
  CHECK(workers.submit(jobs.make()) == nullptr);
  gate.wait_for(1);
  std::this_thread::sleep_for(milliseconds(2));
  CHECK(workers.stalled() == milliseconds(0));  // one that is at work keeps nobody waiting
  CHECK(workers.submit(jobs.make()) == nullptr);
  for (int i = 0; i < 3000 && workers.stalled() < milliseconds(5); ++i) std::this_thread::sleep_for(milliseconds(1));
  CHECK(workers.stalled() >= milliseconds(5));
  gate.open();
  CHECK(jobs.ended());
  CHECK(workers.stalled() == milliseconds(0));
}

TEST_CASE("workers: stop drops what waits, finishes what runs, and takes nothing more") {
  Nowhere jobs;
  Gate gate;
  std::atomic<int> finished = 0;
  Workers workers({.threads = 1, .queue = 10}, [&](Workers::Job) {
    gate.pass(kWaiting);
    ++finished;
  });
  for (int i = 0; i < 5; ++i) CHECK(workers.submit(jobs.make()) == nullptr);
  gate.wait_for(1);
  std::thread stopping([&] { workers.stop(); });
  while (jobs.alive() > 1) std::this_thread::yield();
  CHECK(workers.submit(jobs.make()) != nullptr);
  gate.open();
  stopping.join();
  CHECK(finished == 1);
  CHECK(jobs.ended());
}

TEST_CASE("workers: many jobs from many threads are all done") {
  Nowhere jobs;
  std::atomic<int> done = 0;
  Workers workers({.threads = 8, .queue = 10'000, .spare_time = milliseconds(1)}, [&](Workers::Job) {
    if (++done % 50 == 0) std::this_thread::sleep_for(milliseconds(2));
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        if (workers.submit(jobs.make()) != nullptr) return;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(jobs.ended());
  CHECK(done == 2000);
}

}  // namespace
}  // namespace fleetsign::http
