// SPDX-License-Identifier: Apache-2.0
// Access tokens that another program keeps fresh, each in a file.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "daemon/upstream/fleet_api.h"
#include "protocol/failure.h"

namespace fleetsign::accounts {

/// Safe to use from many threads.
class TokenFiles {
 public:
  /// A credentials directory as crypto::PrivateKey has it, where root's files may be open to their group.
  explicit TokenFiles(std::optional<std::filesystem::path> credentials_directory)
      : credentials_directory_(std::move(credentials_directory)) {}

  /// The token for a request that is made now: as the file has it, whoever wrote it there since it was read last.
  /// Kind::state_unavailable, which names the file, while that holds none that may be used. May read the file; waits
  /// for nothing else.
  [[nodiscard]] protocol::Result<upstream::Bearer> token_in(const std::filesystem::path& file) const;

 private:
  /// Of a file as it was when it was read. It changes with everything that changes the file.
  struct Stamp {
    dev_t device{};
    ino_t inode{};
    off_t size{};
    timespec written{};
    timespec changed{};  // its mode and owner count, too
    bool operator==(const Stamp& other) const;
  };
  struct Kept {
    Stamp stamp;
    upstream::Bearer token;
  };

  static std::optional<Stamp> stamp_of(const std::filesystem::path& file);
  [[nodiscard]] protocol::Result<upstream::Bearer> read(const std::filesystem::path& file) const;

  std::optional<std::filesystem::path> credentials_directory_;
  mutable std::mutex mutex_{};
  mutable std::map<std::filesystem::path, Kept> kept_{};  // with mutex_ held
};

}  // namespace fleetsign::accounts
