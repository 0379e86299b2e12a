// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/clock.h"

#include <sys/timex.h>

#include <algorithm>
#include <ctime>
#include <fstream>

namespace fleetsign::ops {
namespace {

/// How wrong a synchronised clock may be.
constexpr std::chrono::seconds kMargin{1};

protocol::Duration read(clockid_t clock) {
  // It fails only for a clock that the kernel lacks, and Linux has had these since 2.6.39.
  std::timespec now{};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

bool is_synchronised() {
  timex state{};  // modes 0: asks only
  return adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace

protocol::Instant boot_now() {
  return protocol::Instant(read(CLOCK_BOOTTIME));
}

protocol::Duration suspended() {
  const auto awake = read(CLOCK_MONOTONIC);
  return read(CLOCK_BOOTTIME) - awake;
}

Moment moment_now() {
  static const std::string kBootId = read_boot_id();
  Moment now{.boot_id = kBootId, .boot = boot_now(), .wall = {}};
  if (is_synchronised()) now.wall = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return now;
}

std::optional<protocol::Instant> locate(const Moment& then, const Moment& now) {
  if (!then.boot_id.empty() && then.boot_id == now.boot_id) {
    return then.boot <= now.boot ? std::optional(then.boot) : std::nullopt;
  }
  if (!then.wall || !now.wall) return std::nullopt;
  const auto passed = *now.wall - *then.wall;
  if (passed < std::chrono::milliseconds::zero() || passed > kLongestByWall) return std::nullopt;
  return now.boot - std::max<std::chrono::milliseconds>(passed - kMargin, std::chrono::milliseconds::zero());
}

}  // namespace fleetsign::ops
