// SPDX-License-Identifier: Apache-2.0
// The file that an audit is written to: opened, locked, appended to, and left when it is rotated away.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/result.h"

namespace fleetsign::ops {

/// Why there can be no audit.
struct AuditError {
  enum class Reason {
    in_use,         ///< another daemon writes to the file
    not_permitted,  ///< it may not be read and written
    unusable,       ///< anything else: no such folder, a failing disk
  };
  Reason reason = Reason::unusable;
  std::string message;
  std::string hint = {};
};

/// Used by one thread at a time.
class AuditFile {
 public:
  /// Opens the file, or makes it (0600); config::kAuditToStderr is standard error. It is this process's alone until
  /// this ends.
  static crypto::Result<std::unique_ptr<AuditFile>, AuditError> open(const std::filesystem::path& path);
  ~AuditFile();
  AuditFile(const AuditFile&) = delete;
  AuditFile& operator=(const AuditFile&) = delete;

  /// The last bytes of the file, at most `most`; empty for what is no file. Nothing when it cannot be read.
  [[nodiscard]] std::optional<std::string> tail(std::size_t most) const;
  [[nodiscard]] std::size_t size() const;

  /// Why the text could not be appended, in words. Then nothing of it stands there, where that is possible.
  std::optional<std::string> append(std::string_view text);
  /// Takes bytes away from the end: whether that was possible.
  bool cut(std::size_t bytes);
  /// Why what was appended may not outlive a power cut, in words.
  [[nodiscard]] std::optional<std::string> sync() const;

  /// Whether the path leads to another file by now, or to none.
  [[nodiscard]] bool is_replaced() const;

 private:
  AuditFile(std::filesystem::path path, int descriptor);

  std::filesystem::path path_;
  int descriptor_;
  bool is_file_ = false;  // rather than a pipe or a terminal
  dev_t device_{};
  ino_t inode_{};
  bool is_torn_ = false;  // a part of a line stands at the end
};

}  // namespace fleetsign::ops
