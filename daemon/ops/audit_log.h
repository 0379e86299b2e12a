// SPDX-License-Identifier: Apache-2.0
// The audit of a running daemon: entries from any thread, lines in one file, written by a thread of its own, so that no
// command waits for a disk.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "crypto/result.h"
#include "daemon/ops/audit_chain.h"
#include "daemon/ops/audit_file.h"
#include "daemon/ops/audit_line.h"
#include "daemon/ops/clock.h"

namespace fleetsign::ops {

/// How an audit is.
struct AuditState {
  std::string file;
  std::uint64_t lines = 0;               ///< that were written since the start
  std::uint64_t lost = 0;                ///< entries that could not be kept since the start
  ChainEnd end{};                        ///< the last line
  std::optional<std::string> trouble{};  ///< why nothing is written just now, in words
};

struct AuditOptions {
  std::filesystem::path file;    ///< or config::kAuditToStderr
  std::optional<ChainEnd> kept;  ///< the chain's end, as an earlier run has kept it; nothing when that is not known
  std::function<bool(const ChainEnd&)> keep;       ///< whether it is durable; called by the thread that writes
  std::function<void(const std::string&)> report;  ///< told what people should know; must not throw
  std::function<WallTime()> now = wall_now;
  std::size_t capacity = 4096;                  ///< of entries that wait for the disk; further ones are lost
  std::chrono::milliseconds retry_after{1000};  ///< when the disk did not take one
};

/// Safe to use from many threads.
class AuditLog {
 public:
  /// Goes on with the chain that the file ends with. Where that is not the one that was kept, it says so, there too.
  static crypto::Result<std::unique_ptr<AuditLog>, AuditError> start(AuditOptions options);
  /// Writes what waits, if the disk takes it.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// Never waits for the disk.
  void add(AuditEntry entry);

  [[nodiscard]] AuditState state() const;

 private:
  struct Item {
    std::optional<AuditEntry> entry;  ///< nothing: entries were lost
    std::uint64_t lost = 0;
    WallTime time{};
  };

  explicit AuditLog(AuditOptions options) : options_(std::move(options)), kept_(options_.kept) {}

  std::optional<AuditError> attach(const std::optional<ChainEnd>& kept);
  std::optional<std::string> follow_path();
  bool is_broken(const Resumption& resumption);
  std::string line_of(const Item& item) const;
  std::optional<std::string> append(const std::string& line);
  std::optional<std::string> write(const std::vector<Item>& batch, std::size_t& written);
  std::vector<Item> take();
  std::optional<std::string> settle(std::vector<Item> batch, std::size_t written, std::optional<std::string> trouble);
  void pass(std::unique_lock<std::mutex>& lock);
  void run();

  const AuditOptions options_;

  // Of the thread that writes, once there is one.
  std::unique_ptr<AuditFile> file_{};
  ChainEnd end_{};
  std::optional<ChainEnd> kept_;
  bool is_break_untold_ = false;  // what stands in the file is not what was written there

  mutable std::mutex mutex_{};  // guards the rest
  std::condition_variable changed_{};
  std::deque<Item> queue_{};
  std::size_t in_hand_ = 0;  // taken from the queue, and not written yet
  AuditState state_{};
  bool stopping_ = false;

  std::thread thread_{};
};

}  // namespace fleetsign::ops
