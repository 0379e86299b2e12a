// SPDX-License-Identifier: Apache-2.0
// System calls that this test program defines itself, so that libcurl and the client meet a resolver that hangs, a
// clock that jumps and a machine that fails. Until told otherwise they do what they always do.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace fleetsign::upstream {

/// While one exists, names that end in ".test" are looked up by it, not by the system.
class FakeResolver {
 public:
  enum class Behaviour { finds, hangs, finds_nothing };

  FakeResolver();
  /// Lets go of lookups that hang, and waits for them.
  ~FakeResolver();
  FakeResolver(const FakeResolver&) = delete;
  FakeResolver& operator=(const FakeResolver&) = delete;

  /// For all lookups that begin from now on. What is found is 127.0.0.1.
  void set(Behaviour behaviour);
  /// Those that hang go on, and do as set() says then.
  void release();

  [[nodiscard]] std::size_t begun() const;
  /// The most that were under way at once.
  [[nodiscard]] std::size_t most_at_once() const;
  /// Waits until so many have begun; false when that takes 20 s.
  [[nodiscard]] bool wait_for_begun(std::size_t count) const;
};

/// While one exists, libcurl believes that so much more time has gone by since the machine started.
class LaterForLibcurl {
 public:
  explicit LaterForLibcurl(std::chrono::seconds shift);
  ~LaterForLibcurl();
  LaterForLibcurl(const LaterForLibcurl&) = delete;
  LaterForLibcurl& operator=(const LaterForLibcurl&) = delete;
};

/// While one exists, epoll_wait() fails on the thread that calls it next.
class BrokenEpoll {
 public:
  BrokenEpoll();
  ~BrokenEpoll();
  BrokenEpoll(const BrokenEpoll&) = delete;
  BrokenEpoll& operator=(const BrokenEpoll&) = delete;
};

}  // namespace fleetsign::upstream
