// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/audit_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "config/config.h"

namespace fleetsign::ops {
namespace {

using Reason = AuditError::Reason;

std::string in_words(int error) {
  return std::generic_category().message(error);
}

AuditError describe(const std::filesystem::path& path, int error) {
  const bool not_permitted = error == EACCES || error == EPERM || error == EROFS;
  return {.reason = not_permitted ? Reason::not_permitted : Reason::unusable,
          .message = "the audit cannot be written to " + path.string() + ": " + in_words(error),
          .hint = not_permitted ? "let the daemon's user read and write it, or set audit_file to another path"
                                : "make its folder, or set audit_file to another path"};
}

}  // namespace

AuditFile::AuditFile(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {
  struct stat about {};
  if (fstat(descriptor_, &about) != 0) return;
  is_file_ = path_ != config::kAuditToStderr && S_ISREG(about.st_mode);
  device_ = about.st_dev;
  inode_ = about.st_ino;
}

AuditFile::~AuditFile() {
  ::close(descriptor_);
}

crypto::Result<std::unique_ptr<AuditFile>, AuditError> AuditFile::open(const std::filesystem::path& path) {
  // A pipe that nobody empties must not hold up anything.
  const int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const int descriptor =
      path == config::kAuditToStderr ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), flags, 0600);
  if (descriptor < 0) return describe(path, errno);
  std::unique_ptr<AuditFile> file(new AuditFile(path, descriptor));
  if (file->is_file_ && flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return AuditError{.reason = Reason::in_use,
                      .message = "another daemon writes its audit to " + path.string(),
                      .hint = "give each daemon an audit_file of its own"};
  }
  return file;
}

std::size_t AuditFile::size() const {
  struct stat about {};
  return is_file_ && fstat(descriptor_, &about) == 0 ? static_cast<std::size_t>(about.st_size) : 0;
}

std::optional<std::string> AuditFile::tail(std::size_t most) const {
  const auto all = size();
  std::string text(std::min(most, all), '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const auto from = static_cast<off_t>(all - text.size() + length);
    const auto more = pread(descriptor_, text.data() + length, text.size() - length, from);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) return std::nullopt;
    length += static_cast<std::size_t>(more);
  }
  return text;
}

std::optional<std::string> AuditFile::append(std::string_view text) {
  const auto before = size();
  std::string line = (is_torn_ ? "\n" : "") + std::string(text);
  std::size_t written = 0;
  while (written < line.size()) {
    const auto more = ::write(descriptor_, line.data() + written, line.size() - written);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) {
      const int error = errno;
      const bool is_cut = is_file_ && ftruncate(descriptor_, static_cast<off_t>(before)) == 0;
      is_torn_ = is_torn_ || (written > 0 && !is_cut);
      return in_words(error);
    }
    written += static_cast<std::size_t>(more);
  }
  is_torn_ = false;
  return std::nullopt;
}

bool AuditFile::cut(std::size_t bytes) {
  return ftruncate(descriptor_, static_cast<off_t>(size() - bytes)) == 0;
}

std::optional<std::string> AuditFile::sync() const {
  if (!is_file_ || fdatasync(descriptor_) == 0) return std::nullopt;
  return in_words(errno);
}

bool AuditFile::is_replaced() const {
  if (!is_file_) return false;
  struct stat about {};
  return ::stat(path_.c_str(), &about) != 0 || about.st_dev != device_ || about.st_ino != inode_;
}

}  // namespace fleetsign::ops
