// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/clock.h"

#include <doctest/doctest.h>

#include <fstream>

namespace fleetsign::ops {
namespace {

TEST_CASE("clock: a machine was suspended for no less than no time, and for no more than it has been on") {
  const auto told = suspended();
  CHECK(told >= protocol::Duration::zero());
  CHECK(told <= boot_now().time_since_epoch());
}

TEST_CASE("clock: it counts from the boot of the machine, and never back") {
  double uptime = 0;
  std::ifstream("/proc/uptime") >> uptime;
  const auto now = boot_now();
  const std::chrono::duration<double> since_boot = now.time_since_epoch();
  CHECK(since_boot.count() >= uptime - 0.02);  // the file has hundredths
  auto last = now;
  for (int i = 0; i < 1000; ++i) {
    const auto next = boot_now();
    REQUIRE(next >= last);
    last = next;
  }
}

}  // namespace
}  // namespace fleetsign::ops
