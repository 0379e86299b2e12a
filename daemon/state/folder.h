// SPDX-License-Identifier: Apache-2.0
// The folder of what must survive a restart, and the one process that owns it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/state/error.h"

namespace fleetsign::state {

/// Who owns a folder, as the owner has written it there.
struct Owner {
  pid_t process = 0;
  std::filesystem::path admin_socket;  ///< where it takes requests of sub-commands; empty: it is one itself
};

/// Which file it is, whatever its name.
struct FileIdentity {
  dev_t device{};
  ino_t inode{};
  bool operator==(const FileIdentity&) const = default;
};

/// Owned from take() to the end of this object, or of the process, however that ends.
class Folder {
 public:
  /// Makes the folder (0700) when there is none, and takes it; waits for up to a second while it is in use.
  /// Error::Reason::in_use names the owner.
  static Result<Folder> take(const std::filesystem::path& given, const Owner& self);

  /// Who owns a folder that is in use, or was its last owner; nothing when that cannot be told.
  static std::optional<Owner> last_owner(const std::filesystem::path& path);

  Folder(Folder&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
  Folder& operator=(Folder&&) = delete;
  ~Folder();

  [[nodiscard]] std::filesystem::path path_of(const std::string& name) const { return path_ / name; }

  // Files of mode 0600 in the folder. What root makes belongs to the folder's user, who must be able to use it later.

  /// Makes an empty file where there is none. An errno value; 0 for success.
  [[nodiscard]] int make(const std::string& name) const;
  /// Replaces or makes a file: whether it is on the disk with its text. Even a full disk often has room for a name.
  [[nodiscard]] bool write(const std::string& name, std::string_view text) const;
  [[nodiscard]] bool has(const std::string& name) const;
  /// Nothing when there is no such file.
  [[nodiscard]] std::optional<FileIdentity> identity_of(const std::string& name) const;
  /// Whether the folder is still what its path leads to.
  [[nodiscard]] bool is_in_place() const;
  void remove(const std::string& name) const;

  /// Makes new names and renamings in the folder durable.
  [[nodiscard]] bool sync() const;

 private:
  [[nodiscard]] int open_private(const std::string& name, int flags) const;

  Folder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;  // the folder itself, locked: that needs no file, and no room
};

}  // namespace fleetsign::state
