// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/clock.h"

#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace fleetsign::ops {
namespace {

using namespace std::chrono_literals;

/// From here on, this thread may not ask how its clock is, as under systemd's ProtectClock=.
bool forbid_to_ask() {
  std::array filter{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_adjtimex, 1, 0),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_adjtime, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = filter.size(), .filter = filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_CASE("clock: one that a sandbox forbids to ask for is taken for right only where systemd-timesyncd has set it") {
  const bool is_set = std::filesystem::exists("/run/systemd/timesync/synchronized");
  bool is_forbidden = false;
  std::optional<bool> found;
  Moment moment;
  std::thread([&] {
    is_forbidden = forbid_to_ask();
    found = is_synchronised();
    moment = moment_now();
  }).join();
  REQUIRE(is_forbidden);
  CHECK(found == (is_set ? std::optional(true) : std::nullopt));
  CHECK(moment.wall.has_value() == is_set);
}

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

TEST_CASE("clock: one of Unix seconds that was set goes on with the time since boot alone") {
  protocol::Instant boot(5s + 999ms);
  const auto now = steady_unix_clock(1'700'000'000, [&] { return boot; });
  CHECK(now() == 1'700'000'000);
  boot += 999ms;
  CHECK(now() == 1'700'000'000);
  boot += 1ms + 24h;
  CHECK(now() == 1'700'000'001 + 24 * 60 * 60);
}

TEST_CASE("clock: a moment has the kernel's run in it, and what it says of now is near") {
  const auto moment = moment_now();
  CHECK(moment.boot_id.size() == 36);  // a UUID in text
  CHECK(moment.boot <= boot_now());
  CHECK(moment.boot_id == moment_now().boot_id);
  if (moment.wall) CHECK(std::chrono::abs(*moment.wall - std::chrono::system_clock::now()) < 60s);
}

const Moment kThen{.boot_id = "one", .boot = protocol::Instant(5h), .wall = WallTime(1'000'000s)};

Moment later(std::string boot_id, protocol::Duration boot, std::optional<WallTime> wall) {
  return {.boot_id = std::move(boot_id), .boot = protocol::Instant(boot), .wall = wall};
}

TEST_CASE("clock: within a run of the kernel a moment is where it was, whatever became of the wall clock") {
  for (const auto& wall :
       {std::optional<WallTime>(), std::optional(*kThen.wall - 24h), std::optional(*kThen.wall + 240h)}) {
    CHECK(locate(kThen, later("one", 6h, wall)) == kThen.boot);
  }
  CHECK_FALSE(locate(kThen, later("one", 4h, *kThen.wall)).has_value());  // a clock of boot time never goes back
}

TEST_CASE("clock: in another run it is found by wall time, with a second less gone by than that says") {
  CHECK(locate(kThen, later("two", 10s, *kThen.wall + 1h)) == protocol::Instant(10s - 1h + 1s));
  CHECK(locate(kThen, later("two", 10s, *kThen.wall)) == protocol::Instant(10s));
  CHECK(locate(kThen, later("two", 10s, *kThen.wall + kLongestByWall)).has_value());
}

TEST_CASE("clock: where the clocks cannot tell, nothing is guessed") {
  auto unsynchronised = kThen;
  unsynchronised.wall.reset();
  CHECK_FALSE(locate(unsynchronised, later("two", 10s, *kThen.wall + 1h)).has_value());
  CHECK_FALSE(locate(kThen, later("two", 10s, std::nullopt)).has_value());
  CHECK_FALSE(locate(kThen, later("two", 10s, *kThen.wall - 1ms)).has_value());
  CHECK_FALSE(locate(kThen, later("two", 10s, *kThen.wall + kLongestByWall + 1ms)).has_value());
  auto nameless = kThen;
  nameless.boot_id.clear();
  CHECK_FALSE(locate(nameless, later("", 6h, std::nullopt)).has_value());
}

}  // namespace
}  // namespace fleetsign::ops
