// SPDX-License-Identifier: Apache-2.0
// An address to listen on: read from its URL, bound, and accepting.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "crypto/result.h"
#include "daemon/http/descriptor.h"
#include "daemon/http/listener.h"
#include "daemon/http/message.h"
#include "daemon/http/transport.h"

namespace fleetsign::http {

/// A socket address, as the kernel takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] int family() const { return storage.ss_family; }
};

/// "http://HOST:PORT" with a numeric host, "[IPv6]" or "localhost", or "unix:/PATH". Resolves no names.
crypto::Result<SocketAddress, ListenError> parse_endpoint(const std::string& url);

class BoundEndpoint {
 public:
  struct Arrival {
    std::unique_ptr<Transport> transport;
    Peer peer;
  };
  enum class Nothing {
    nobody,     ///< nobody is at the door, or has left it again
    exhausted,  ///< somebody is, but there is no descriptor or memory for a connection: try again later
  };

  static crypto::Result<std::unique_ptr<BoundEndpoint>, ListenError> open(const Endpoint& endpoint);
  /// Stops to listen; a Unix socket's file goes as well, unless another one has taken its place.
  ~BoundEndpoint();
  BoundEndpoint(const BoundEndpoint&) = delete;
  BoundEndpoint& operator=(const BoundEndpoint&) = delete;

  /// The next connection, without waiting.
  std::variant<Arrival, Nothing> accept();

  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// As bound, with the real port.
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  /// The file of a Unix socket.
  struct File {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const File&) const = default;
  };

  static std::optional<File> identify(const std::string& path);

  BoundEndpoint(Descriptor socket, std::string url, std::optional<File> file);

  Descriptor socket_;
  std::string url_;
  std::optional<File> file_;
};

}  // namespace fleetsign::http
