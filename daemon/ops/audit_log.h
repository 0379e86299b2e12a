// SPDX-License-Identifier: Apache-2.0
// The audit of a running daemon: entries from any thread, lines in one file, written by a thread of its own, so that no
// command waits for a disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "crypto/result.h"
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
  std::optional<std::string> trouble{};  ///< why nothing is written just now, or not safely, in words
};

struct AuditOptions {
  std::filesystem::path file;    ///< or config::kAuditToStderr
  std::optional<ChainEnd> kept;  ///< the chain's end, as an earlier run has kept it; nothing when that is not known
  std::function<bool(const ChainEnd&)> keep;       ///< whether it is durable; called by the thread that writes
  std::function<void(const std::string&)> report;  ///< told what people should know; must not throw
  std::function<WallTime()> now = wall_now;
  /// As AuditFile::sync(); called by the thread that writes.
  std::function<std::optional<std::string>(const AuditFile&)> sync = &AuditFile::sync;
  std::size_t capacity = 4096;                  ///< of entries that wait for the disk; further ones are lost
  std::chrono::milliseconds retry_after{1000};  ///< when the disk did not take one
};

/// Safe to use from many threads, until it ends.
class AuditLog {
 public:
  /// Goes on with the chain that the file ends with. Where that is not the one that was kept, it says so, there too.
  static crypto::Result<std::unique_ptr<AuditLog>, AuditError> start(AuditOptions options);
  /// Writes what waits, if the disk takes it, however long that takes; unless it was ended before.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// Never waits for the disk. What is added after the end is not written.
  void add(AuditEntry entry);

  [[nodiscard]] AuditState state() const;

  /// Writes what waits, if the disk takes it, and reports how many lines are lost otherwise. A disk that does not
  /// answer in time is left to itself.
  void end(std::chrono::milliseconds patience);

 private:
  class Writer;

  explicit AuditLog(std::shared_ptr<Writer> writer);

  std::shared_ptr<Writer> writer_;  // the thread's, too, as a disk may hold it up for longer than anybody waits
  std::thread thread_;
};

}  // namespace fleetsign::ops
