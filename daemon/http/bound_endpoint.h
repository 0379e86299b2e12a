// SPDX-License-Identifier: Apache-2.0
// An address to listen on: read from its URL, bound, and accepting.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "crypto/result.h"
#include "daemon/http/descriptor.h"
#include "daemon/http/listener.h"
#include "daemon/http/message.h"
#include "daemon/http/socket_file.h"
#include "daemon/http/tls_server.h"
#include "daemon/http/transport.h"

namespace fleetsign::http {

/// A socket address, as the kernel takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] int family() const { return storage.ss_family; }
};

/// "http://HOST:PORT" or "https://HOST:PORT" with a numeric host, "[IPv6]" or "localhost", or "unix:/PATH". Resolves no
/// names.
crypto::Result<SocketAddress, ListenError> parse_endpoint(const std::string& url);

/// Where a socket of an endpoint is bound, with its real port.
std::string url_of(const Descriptor& socket, const Endpoint& endpoint);

class BoundEndpoint {
 public:
  struct Arrival {
    std::unique_ptr<Transport> transport;
    Peer peer;
    std::size_t endpoint = 0;  ///< as BoundEndpoint::open() was told
  };
  /// How many may wait at the door; the kernel caps it at net.core.somaxconn.
  static constexpr int kBacklog = 4096;

  enum class Nothing {
    nobody,     ///< nobody is at the door, or has left it again
    exhausted,  ///< somebody is, but there is no descriptor or memory for a connection: try again later
  };

  /// `index` is the endpoint's place in ListenerOptions::endpoints.
  static crypto::Result<std::unique_ptr<BoundEndpoint>, ListenError> open(const Endpoint& endpoint, std::size_t index);
  /// Serves on a socket that listens already; a Unix socket's file stays.
  static std::unique_ptr<BoundEndpoint> adopt(Descriptor socket, const Endpoint& endpoint, std::size_t index);
  /// Stops to listen; the file of a Unix socket that it has opened goes as well, unless another has taken its place.
  ~BoundEndpoint() = default;
  BoundEndpoint(const BoundEndpoint&) = delete;
  BoundEndpoint& operator=(const BoundEndpoint&) = delete;

  /// Has its connections speak TLS. Before the first accept().
  void use_tls(std::shared_ptr<TlsServer> tls) { tls_ = std::move(tls); }

  /// The next connection, without waiting.
  std::variant<Arrival, Nothing> accept();

  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// As bound, with the real port.
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  BoundEndpoint(Descriptor socket, const Endpoint& endpoint, std::size_t index);

  Descriptor socket_;
  std::string url_;
  std::size_t index_;
  std::shared_ptr<TlsServer> tls_;  ///< null: plain
  std::optional<SocketFile> file_;
};

}  // namespace fleetsign::http
