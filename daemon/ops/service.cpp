// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/service.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>
#include <exception>
#include <system_error>
#include <utility>

namespace fleetsign::ops {
namespace {

/// A pause and a check that takes all its time are less than an interval together.
constexpr int kChecksInAnInterval = 3;

/// What is beside a stop: the last lines, the end of threads.
constexpr std::chrono::seconds kBesideStop{10};

std::string microseconds(std::chrono::microseconds time) {
  return std::to_string(time.count());
}

/// As systemd asks for it: CLOCK_MONOTONIC, whatever the clock of C++ is.
std::chrono::microseconds monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::seconds(now.tv_sec) +
                                                               std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

void Service::ready(const std::string& status) {
  {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  tell("READY=1\nSTATUS=" + status);
}

Service::Reloading::Reloading(Service& service) : service_(service) {
  {
    const std::lock_guard lock(service_.mutex_);
    if (service_.reloads_++ > 0 || service_.status_.empty()) return;
  }
  service_.tell("RELOADING=1\nMONOTONIC_USEC=" + microseconds(monotonic_now()) +
                "\nSTATUS=reading the configuration again");
}

Service::Reloading::~Reloading() {
  std::string status;
  {
    const std::lock_guard lock(service_.mutex_);
    if (--service_.reloads_ > 0 || service_.is_stopping_) return;
    status = service_.status_;
  }
  if (!status.empty()) service_.tell("READY=1\nSTATUS=" + status);
}

void Service::stopping(std::chrono::milliseconds time) {
  is_stopping_ = true;
  tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + microseconds(time + kBesideStop) + "\nSTATUS=finishing what is under way");
}

void Service::tell(const std::string& news) {
  const int sent = sd_notify(/*unset_environment=*/0, news.c_str());
  if (sent >= 0 || is_unheard_.exchange(true)) return;
  log_.warning("notify", {{"what", Plain{"systemd cannot be told how the service is"}},
                          {"why", Plain{std::generic_category().message(-sent)}}});
}

std::string Service::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

Watchdog::Watchdog(Service& service, Log& log, Check check) : service_(service), log_(log), check_(std::move(check)) {
  std::uint64_t interval = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &interval) <= 0) return;
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(interval));
  thread_ = std::thread([this, whole] { run(whole / kChecksInAnInterval); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::run(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    feed_if_well(pause);
    lock.lock();
  } while (!ended_.wait_for(lock, pause, [this] { return has_ended_; }));
}

void Watchdog::feed_if_well(std::chrono::milliseconds patience) {
  auto trouble = service_.is_stopping() ? std::nullopt : find_trouble(patience);
  if (service_.is_stopping()) trouble.reset();  // the door was closed under the check's feet
  if (!trouble) {
    if (is_well_) return service_.tell("WATCHDOG=1");
    is_well_ = true;
    log_.warning("watchdog", {{"what", Plain{"everything goes on again"}}});
    return service_.tell("WATCHDOG=1\nSTATUS=" + service_.status());
  }
  log_.error("watchdog", {{"what", Plain{*trouble}},
                          {"hint", Plain{"systemd restarts the service when this lasts; please report it"}}});
  is_well_ = false;
  service_.tell("STATUS=stuck: " + *trouble);
}

std::optional<std::string> Watchdog::find_trouble(std::chrono::milliseconds patience) const {
  try {
    return check_(patience);
  } catch (const std::exception& error) {
    return std::string("the check has failed: ") + error.what();
  }
}

}  // namespace fleetsign::ops
