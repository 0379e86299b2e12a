// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/token_files.h"

#include <string>
#include <string_view>
#include <utility>

#include "crypto/key_file.h"

namespace fleetsign::accounts {
namespace {

using protocol::Failure;
using protocol::Kind;

constexpr const char* kNoToken = "the account has no token just now: ";
constexpr const char* kHint = "the file is to hold the access token alone, readable for the user that runs fleetsign";

bool equal(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/// Files end with a line feed, and tokens do not.
std::string_view without_line_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

Failure unavailable(std::string message, std::string hint) {
  return {.kind = Kind::state_unavailable, .message = std::move(message), .hint = std::move(hint)};
}

}  // namespace

bool TokenFiles::Stamp::operator==(const Stamp& other) const {
  return device == other.device && inode == other.inode && size == other.size && equal(written, other.written) &&
         equal(changed, other.changed);
}

std::optional<TokenFiles::Stamp> TokenFiles::stamp_of(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return std::nullopt;
  return Stamp{.device = found.st_dev,
               .inode = found.st_ino,
               .size = found.st_size,
               .written = found.st_mtim,
               .changed = found.st_ctim};
}

protocol::Result<upstream::Bearer> TokenFiles::read(const std::filesystem::path& file) const {
  const auto text = crypto::read_protected(file, credentials_directory_);
  if (!text) {
    using Reason = crypto::KeyError::Reason;
    const bool is_of_wrong_user = text.error().reason == Reason::exposed || text.error().reason == Reason::unreadable;
    return unavailable(std::string(kNoToken) + text.error().message, is_of_wrong_user ? text.error().hint : kHint);
  }
  if (auto token = upstream::Bearer::read(without_line_end(crypto::view(*text)))) return *std::move(token);
  return unavailable(std::string(kNoToken) + file.string() + ": holds no token", kHint);
}

protocol::Result<upstream::Bearer> TokenFiles::token_in(const std::filesystem::path& file) const {
  // Before it is read: when it changes meanwhile, it is read once more the next time.
  const auto stamp = stamp_of(file);
  if (stamp) {
    const std::lock_guard lock(mutex_);
    const auto kept = kept_.find(file);
    if (kept != kept_.end() && kept->second.stamp == *stamp) return kept->second.token;
  }
  auto token = read(file);
  const std::lock_guard lock(mutex_);
  kept_.erase(file);
  if (token && stamp) kept_.emplace(file, Kept{.stamp = *stamp, .token = *token});
  return token;
}

}  // namespace fleetsign::accounts
