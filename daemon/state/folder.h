// SPDX-License-Identifier: Apache-2.0
// The folder of what must survive a restart, and the one process that owns it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "daemon/state/error.h"

namespace fleetsign::state {

/// Who owns a folder, as the owner has written it there.
struct Owner {
  pid_t process = 0;
  std::filesystem::path admin_socket;  ///< where the owner takes requests of sub-commands
};

/// Owned from take() to the end of this object, or of the process, however that ends.
class Folder {
 public:
  /// Makes the folder (0700) when there is none, and takes it. Error::Reason::in_use names the owner.
  static Result<Folder> take(const std::filesystem::path& path, const Owner& self);

  /// The owner of a folder that is in use; nothing when nobody owns it, or when it cannot be told.
  static std::optional<Owner> owner_of(const std::filesystem::path& path);

  Folder(Folder&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}
  Folder& operator=(Folder&&) = delete;
  ~Folder();

  [[nodiscard]] std::filesystem::path database() const { return path_ / "state.db"; }

  /// Makes an empty file durable, if it can be: even a full disk often has room for a name.
  [[nodiscard]] bool leave_mark(const char* name) const;
  [[nodiscard]] bool has_mark(const char* name) const;
  void remove_mark(const char* name) const;

  /// Makes new names and renamings in the folder durable.
  [[nodiscard]] bool sync() const;

 private:
  Folder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;  // the folder itself, locked: that needs no file, and no room
};

}  // namespace fleetsign::state
