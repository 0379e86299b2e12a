// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

namespace fleetsign::state {
namespace {

namespace fs = std::filesystem;
using Reason = Error::Reason;

constexpr const char* kOwnerFile = "owner";

Error unusable(const fs::path& path, const std::string& what, int number) {
  const bool forbidden = number == EACCES || number == EPERM || number == EROFS;
  return {.reason = forbidden ? Reason::not_permitted : Reason::unusable,
          .message = "the state folder " + path.string() + " " + what + ": " + std::strerror(number),
          .hint = forbidden ? "let the daemon's user write there, or set state_dir to a folder that it may write"
                            : "set state_dir to a folder on a local disk with room"};
}

Error in_use(const fs::path& path) {
  const auto owner = Folder::owner_of(path);
  return {.reason = Reason::in_use,
          .message = "the state folder " + path.string() + " is in use by " +
                     (owner ? "process " + std::to_string(owner->process) : std::string("another process")),
          .hint = "stop that one, or give this one another state_dir"};
}

/// A file of 0600 in the folder, on disk with its text.
bool write_file(int folder, const char* name, const std::string& text) {
  const int file = ::openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = ::fsync(file) == 0;
  return ::close(file) == 0 && written && synced;
}

}  // namespace

Result<Folder> Folder::take(const fs::path& path, const Owner& self) {
  std::error_code failed;
  if (!fs::exists(path, failed)) {
    fs::create_directories(path.parent_path(), failed);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return unusable(path, "cannot be made", errno);
  }
  const int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return unusable(path, "cannot be opened", errno);
  Folder folder(path, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? in_use(path) : unusable(path, "cannot be locked", errno);
  }
  if (::access(path.c_str(), W_OK | X_OK) != 0) return unusable(path, "cannot be written", errno);
  // Only for people and sub-commands: the lock is what counts, so a disk without room for this is no obstacle.
  static_cast<void>(
      write_file(lock, kOwnerFile, std::to_string(self.process) + '\n' + self.admin_socket.string() + '\n'));
  return folder;
}

std::optional<Owner> Folder::owner_of(const fs::path& path) {
  const int probe = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (probe < 0) return std::nullopt;
  const bool owned = ::flock(probe, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(probe);
  if (!owned) return std::nullopt;
  std::ifstream file(path / kOwnerFile);
  Owner owner;
  std::string socket;
  if (!(file >> owner.process >> std::ws) || !std::getline(file, socket)) return std::nullopt;
  owner.admin_socket = socket;
  return owner;
}

Folder::~Folder() {
  if (lock_ >= 0) ::close(lock_);
}

bool Folder::leave_mark(const char* name) const {
  return has_mark(name) || (write_file(lock_, name, {}) && sync());
}

bool Folder::has_mark(const char* name) const {
  return ::faccessat(lock_, name, F_OK, 0) == 0;
}

void Folder::remove_mark(const char* name) const {
  ::unlinkat(lock_, name, 0);
}

bool Folder::sync() const {
  return ::fsync(lock_) == 0;
}

}  // namespace fleetsign::state
