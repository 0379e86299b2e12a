// SPDX-License-Identifier: Apache-2.0
// What systemd is told of the process (sd_notify(3)): that it serves, how it is, that it ends; and the watchdog, which
// is fed while a check finds that all goes on. Nothing happens where systemd has set no $NOTIFY_SOCKET.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "daemon/ops/log.h"

namespace fleetsign::ops {

/// All of it from any thread.
class Service {
 public:
  /// Says nothing before ready(). The log outlives it.
  explicit Service(Log& log) : log_(log) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// It serves: `status` says so to people.
  void ready(const std::string& status);

  /// While it lives the configuration is being read again; then it serves again, whatever has come of that.
  class Reloading {
   public:
    explicit Reloading(Service& service);
    ~Reloading();
    Reloading(const Reloading&) = delete;
    Reloading& operator=(const Reloading&) = delete;

   private:
    Service& service_;
  };
  [[nodiscard]] Reloading reloading() { return Reloading(*this); }

  /// It ends, which takes up to `time`: systemd waits for that long.
  void stopping(std::chrono::milliseconds time);
  [[nodiscard]] bool is_stopping() const { return is_stopping_; }

 private:
  friend class Watchdog;

  void tell(const std::string& news);
  [[nodiscard]] std::string status() const;

  Log& log_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> is_unheard_ = false;  ///< which is said once
  mutable std::mutex mutex_;
  // With mutex_ held.
  std::string status_;  ///< empty before ready()
  int reloads_ = 0;     ///< that are under way
};

/// Feeds systemd's watchdog, where the unit has one, a few times in each of its intervals, as long as it lives. When
/// the check finds something that is an error in the log, and no food; if it lasts, systemd starts the process anew. A
/// service that is stopping is fed without a check.
class Watchdog {
 public:
  /// Why the process does not do its work, in words; nothing while it does. Called by a thread of the watchdog's own,
  /// and soon done after `patience`, whatever it finds.
  using Check = std::function<std::optional<std::string>(std::chrono::milliseconds patience)>;

  /// All of these outlive it.
  Watchdog(Service& service, Log& log, Check check);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run(std::chrono::milliseconds pause);
  void feed_if_well(std::chrono::milliseconds patience);
  [[nodiscard]] std::optional<std::string> find_trouble(std::chrono::milliseconds patience) const;

  Service& service_;
  Log& log_;
  const Check check_;
  bool is_well_ = true;  // of the thread alone

  std::mutex mutex_;
  std::condition_variable ended_;
  bool has_ended_ = false;  // with mutex_ held
  std::thread thread_;      // none: there is nothing to feed
};

}  // namespace fleetsign::ops
