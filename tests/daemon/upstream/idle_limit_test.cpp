// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/idle_limit.h"

#include <doctest/doctest.h>

namespace fleetsign::upstream {
namespace {

using namespace std::chrono_literals;

constexpr protocol::Instant kBoot{};

TEST_CASE("idle limit: it is 55 s on a machine that was never suspended, or only before the first connection") {
  for (const protocol::Duration suspended : {protocol::Duration(0), protocol::Duration(1h)}) {
    IdleLimit limit(suspended);
    for (const auto later : {0h, 1h, 2h}) CHECK(limit.now(suspended, kBoot + 2h + later) == IdleLimit::kMost);
  }
}

TEST_CASE("idle limit: after a suspend no connection is used that is older, and any that is younger") {
  IdleLimit limit(0s);
  CHECK(limit.now(0s, kBoot + 10s) == IdleLimit::kMost);
  CHECK_FALSE(limit.now(1h, kBoot + 1h + 20s));
  CHECK_FALSE(limit.now(1h, kBoot + 1h + 21s + 999ms));  // never 0 s, which libcurl may take for no limit
  CHECK(limit.now(1h, kBoot + 1h + 22s) == 1s);
  // Idle for ten seconds at least is what was last used before the suspend was seen.
  CHECK(limit.now(1h, kBoot + 1h + 30s) == 9s);
  CHECK(limit.now(1h, kBoot + 1h + 75s) == 54s);
  CHECK(limit.now(1h, kBoot + 1h + 76s) == IdleLimit::kMost);
  CHECK(limit.now(1h, kBoot + 3h) == IdleLimit::kMost);
  CHECK_FALSE(limit.now(2h, kBoot + 4h));
}

TEST_CASE("idle limit: clocks that were read a little apart are no suspend, many little ones are") {
  IdleLimit limit(0s);
  CHECK(limit.now(600ms, kBoot + 10s) == IdleLimit::kMost);
  CHECK(limit.now(-600ms, kBoot + 20s) == IdleLimit::kMost);
  CHECK_FALSE(limit.now(1200ms, kBoot + 30s));
}

}  // namespace
}  // namespace fleetsign::upstream
