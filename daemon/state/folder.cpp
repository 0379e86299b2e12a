// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
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

/// A sub-command may have it for a moment, and a daemon for as long as it runs.
bool lock_soon(int folder) {
  constexpr int kTries = 40;
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 25'000'000};
  for (int tries = 1; ::flock(folder, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK || tries == kTries) return false;
    ::nanosleep(&kPause, nullptr);
    errno = EWOULDBLOCK;
  }
  return true;
}

Error in_use(const fs::path& path) {
  const auto owner = Folder::last_owner(path);
  return {.reason = Reason::in_use,
          .message = "the state folder " + path.string() + " is in use by " +
                     (owner ? "process " + std::to_string(owner->process) : std::string("another process")),
          .hint = "stop that one first; two daemons need a state_dir each"};
}

}  // namespace

Result<Folder> Folder::take(const fs::path& given, const Owner& self) {
  const auto path = given.has_filename() ? given : given.parent_path();  // without a slash at its end
  std::error_code failed;
  if (!fs::exists(path, failed)) {
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), failed);
    if (failed) return unusable(path, "cannot be made", failed.value());
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return unusable(path, "cannot be made", errno);
  }
  const int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return unusable(path, "cannot be opened", errno);
  Folder folder(path, lock);
  // First, as it is what matters to somebody who may not: that the folder is in use is of no use to them.
  if (::access(path.c_str(), W_OK | X_OK) != 0) return unusable(path, "cannot be written", errno);
  if (!lock_soon(lock)) {
    return errno == EWOULDBLOCK ? in_use(path) : unusable(path, "cannot be locked", errno);
  }
  // Only for people and sub-commands: the lock is what counts, so a disk without room for this is no obstacle.
  folder.remove(kOwnerFile);
  static_cast<void>(folder.write(kOwnerFile, std::to_string(self.process) + '\n' + self.admin_socket.string() + '\n'));
  return folder;
}

std::optional<Owner> Folder::last_owner(const fs::path& path) {
  std::ifstream file(path / kOwnerFile);
  Owner owner;
  std::string socket;
  if (!(file >> owner.process) || file.get() != '\n' || !std::getline(file, socket)) return std::nullopt;
  owner.admin_socket = socket;
  return owner;
}

Folder::~Folder() {
  if (lock_ >= 0) ::close(lock_);
}

int Folder::open_private(const std::string& name, int flags) const {
  const int file = ::openat(lock_, name.c_str(), flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return file;
  struct stat folder {};
  const bool for_another = ::geteuid() == 0 && ::fstat(lock_, &folder) == 0 && folder.st_uid != 0;
  if (::fchmod(file, 0600) == 0 && (!for_another || ::fchown(file, folder.st_uid, folder.st_gid) == 0)) return file;
  const int number = errno;
  ::close(file);
  errno = number;
  return -1;
}

int Folder::make(const std::string& name) const {
  const int file = open_private(name, O_RDWR);
  if (file < 0) return errno;
  ::close(file);
  return 0;
}

bool Folder::write(const std::string& name, std::string_view text) const {
  const int file = open_private(name, O_WRONLY | O_TRUNC);
  if (file < 0) return false;
  bool written = true;
  while (written && !text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count >= 0) text.remove_prefix(static_cast<std::size_t>(count));
    written = count >= 0 || errno == EINTR;
  }
  const bool synced = ::fsync(file) == 0;
  return ::close(file) == 0 && written && synced && sync();
}

bool Folder::has(const std::string& name) const {
  return ::faccessat(lock_, name.c_str(), F_OK, 0) == 0;
}

std::optional<FileIdentity> Folder::identity_of(const std::string& name) const {
  struct stat file {};
  if (::fstatat(lock_, name.c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return FileIdentity{.device = file.st_dev, .inode = file.st_ino};
}

bool Folder::is_in_place() const {
  struct stat held {};
  struct stat named {};
  return ::fstat(lock_, &held) == 0 && ::stat(path_.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

void Folder::remove(const std::string& name) const {
  ::unlinkat(lock_, name.c_str(), 0);
}

bool Folder::sync() const {
  return ::fsync(lock_) == 0;
}

}  // namespace fleetsign::state
