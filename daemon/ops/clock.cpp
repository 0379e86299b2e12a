// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/clock.h"

#include <sys/timex.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace fleetsign::ops {
namespace {

/// How wrong a synchronised clock may be.
constexpr std::chrono::seconds kMargin{1};
/// Within how long two clocks are to be read.
constexpr std::chrono::milliseconds kTogether{100};

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

/// systemd-timesyncd(8) leaves it when it has set the clock; /run is empty when the machine starts.
constexpr const char* kLeftByTimesyncd = "/run/systemd/timesync/synchronized";

}  // namespace

protocol::Instant boot_now() {
  return protocol::Instant(read(CLOCK_BOOTTIME));
}

protocol::Duration suspended() {
  const auto awake = read(CLOCK_MONOTONIC);
  return read(CLOCK_BOOTTIME) - awake;
}

std::function<std::int64_t()> steady_unix_clock(std::int64_t unix_now, std::function<protocol::Instant()> boot) {
  const auto set = boot();
  return [unix_now, set, boot = std::move(boot)] {
    return unix_now + std::chrono::floor<std::chrono::seconds>(boot() - set).count();
  };
}

WallTime wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::int64_t unix_now() {
  return std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
}

std::optional<bool> is_synchronised() {
  timex state{};  // modes 0: asks only
  const int answer = adjtimex(&state);
  if (answer >= 0) return answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  // systemd's ProtectClock= forbids even to ask.
  std::error_code failed;
  return std::filesystem::exists(kLeftByTimesyncd, failed) ? std::optional(true) : std::nullopt;
}

Moment moment_now() {
  static const std::string kBootId = read_boot_id();
  if (!is_synchronised().value_or(false)) return {.boot_id = kBootId, .boot = boot_now(), .wall = {}};
  for (;;) {
    const auto before = boot_now();
    const auto wall = wall_now();
    const auto after = boot_now();
    // Two clocks that were read around a suspend, or far apart, tell of no one moment.
    if (after - before < kTogether) return {.boot_id = kBootId, .boot = before, .wall = wall};
  }
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
