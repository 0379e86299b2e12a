// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/socket_file.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "daemon/http/listen_error.h"

namespace fleetsign::http {
namespace {

using Reason = ListenError::Reason;

constexpr uid_t kSameOwner = static_cast<uid_t>(-1);

/// By name, else by number, as chown(1) reads it.
std::optional<gid_t> find_group(const std::string& text) {
  constexpr std::size_t kMostBytes = 1024 * 1024;  // a group with so many members is a mistake
  group entry{};
  group* found = nullptr;
  for (std::vector<char> buffer(1024); buffer.size() <= kMostBytes; buffer.resize(buffer.size() * 2)) {
    if (getgrnam_r(text.c_str(), &entry, buffer.data(), buffer.size(), &found) != ERANGE) break;
  }
  if (found != nullptr) return found->gr_gid;
  gid_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [read_to, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc{} || read_to != end || number == static_cast<gid_t>(-1)) return std::nullopt;
  return number;
}

ListenError no_group(const Endpoint& endpoint) {
  return listen_error(Reason::bad_address, endpoint.url, "there is no group " + *endpoint.group,
                      "`getent group` lists those there are; `groupadd --system` makes one");
}

ListenError not_shared(const Endpoint& endpoint, const std::string& what, int number, std::string hint) {
  const bool forbidden = number == EPERM || number == EACCES;
  return listen_error(forbidden ? Reason::not_permitted : Reason::unavailable, endpoint.url,
                      what + ": " + (forbidden ? "permission denied" : std::strerror(number)), std::move(hint));
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)), identity_(identify()) {}

SocketFile::~SocketFile() {
  if (identity_ && identify() == identity_) ::unlink(path_.c_str());
}

std::optional<ListenError> SocketFile::share(const Endpoint& endpoint) const {
  if (endpoint.group) {
    const auto group = find_group(*endpoint.group);
    if (!group) return no_group(endpoint);
    if (::fchownat(AT_FDCWD, path_.c_str(), kSameOwner, *group, AT_SYMLINK_NOFOLLOW) != 0) {
      return not_shared(endpoint, "it cannot be given to the group " + *endpoint.group, errno,
                        "run it as a member of the group: `usermod --append --groups GROUP USER`");
    }
  }
  if (endpoint.mode && ::fchmodat(AT_FDCWD, path_.c_str(), *endpoint.mode, AT_SYMLINK_NOFOLLOW) != 0)
    return not_shared(endpoint, "its mode cannot be set", errno, "choose another path with `listen`");
  return std::nullopt;
}

std::optional<SocketFile::Identity> SocketFile::identify() const {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

}  // namespace fleetsign::http
