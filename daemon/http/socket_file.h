// SPDX-License-Identifier: Apache-2.0
// The file of a Unix socket: who may connect, and that it goes with its listener.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "daemon/http/listener.h"

namespace fleetsign::http {

class SocketFile {
 public:
  /// The mode that the file is made with: nobody else can connect before share() says who may.
  static constexpr mode_t kOwnerOnly = 0600;

  /// A file that exists, at an absolute path.
  explicit SocketFile(std::string path);
  /// Removes the file, unless another one has taken its place.
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  /// Gives it the group and the mode that the endpoint asks for, the group first.
  [[nodiscard]] std::optional<ListenError> share(const Endpoint& endpoint) const;

 private:
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const Identity&) const = default;
  };
  [[nodiscard]] std::optional<Identity> identify() const;

  const std::string path_;
  const std::optional<Identity> identity_;
};

}  // namespace fleetsign::http
