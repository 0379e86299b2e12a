// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/bound_endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "daemon/http/listen_error.h"
#include "daemon/http/tls_transport.h"

namespace fleetsign::http {
namespace {

constexpr std::string_view kTcpScheme = "http://";
constexpr std::string_view kTlsScheme = "https://";
constexpr std::string_view kUnixScheme = "unix:";

ListenError bad_address(const std::string& url, const std::string& why) {
  return listen_error(ListenError::Reason::bad_address, url, why,
                      "write http://HOST:PORT or https://HOST:PORT with a numeric host or localhost, or unix:/PATH");
}

ListenError system_error(const std::string& url, int number, bool is_unix) {
  using Reason = ListenError::Reason;
  switch (number) {
    case EADDRINUSE:
      return listen_error(Reason::in_use, url, "address already in use",
                          is_unix
                              ? "another program listens on this socket; stop it or choose another path with `listen`"
                              : "another program uses this port; stop it or choose another with `listen`");
    case EACCES:
    case EPERM:
      return listen_error(
          Reason::not_permitted, url, "permission denied",
          is_unix ? "make the folder of the socket writable for this user, or choose another path with `listen`"
                  : "ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one with `listen`");
    case EADDRNOTAVAIL:
      return listen_error(Reason::unavailable, url, "this machine has no such address",
                          "`ip address` shows those it has; 127.0.0.1 is always there");
    case ENOENT:
    case ENOTDIR:
      return listen_error(Reason::unavailable, url, "the folder of the socket does not exist", "create it first");
    default:
      return listen_error(Reason::unavailable, url, std::strerror(number), "choose another address with `listen`");
  }
}

template <class Address>
SocketAddress pack(const Address& address) {
  SocketAddress packed;
  std::memcpy(&packed.storage, &address, sizeof address);
  packed.size = sizeof address;
  return packed;
}

template <class Address>
Address unpack(const sockaddr_storage& storage) {
  Address address{};
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

std::optional<in_port_t> parse_port(std::string_view text) {
  in_port_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

crypto::Result<SocketAddress, ListenError> parse_tcp(const std::string& url, std::string_view scheme) {
  std::string_view rest = std::string_view(url).substr(scheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto colon = rest.rfind(':');
  if (colon == rest.npos || rest.ends_with(']')) return bad_address(url, "the port is missing");
  const auto port = parse_port(rest.substr(colon + 1));
  if (!port) return bad_address(url, "the port is not a number from 0 to 65535");

  std::string host(rest.substr(0, colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    sockaddr_in6 address{.sin6_family = AF_INET6, .sin6_port = htons(*port)};
    if (inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) == 1) return pack(address);
    return bad_address(url, "the host is not an IPv6 address");
  }
  if (equal_ignoring_case(host, "localhost")) host = "127.0.0.1";
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(*port)};
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1) return pack(address);
  return bad_address(url, "the host is neither a numeric address nor localhost");
}

crypto::Result<SocketAddress, ListenError> parse_unix(const std::string& url) {
  const std::string_view path = std::string_view(url).substr(kUnixScheme.size());
  sockaddr_un address{.sun_family = AF_UNIX};
  if (!path.starts_with('/')) return bad_address(url, "the path of the socket is not absolute");
  if (path.find('\0') != path.npos) return bad_address(url, "the path of the socket has a null character");
  if (path.size() >= sizeof address.sun_path)
    return bad_address(url, "the path of the socket is longer than 107 bytes");
  path.copy(address.sun_path, path.size());
  return pack(address);
}

int connect_to(const SocketAddress& address, const Descriptor& socket) {
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0 ? 0 : errno;
}

/// Makes place for a Unix socket. A file whose owner has gone is removed; anything else is left alone.
std::optional<ListenError> remove_stale(const std::string& url, const std::string& path, const SocketAddress& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  if (!S_ISSOCK(status.st_mode)) {
    return listen_error(ListenError::Reason::in_use, url, "there is a file of another kind",
                        "move it away or choose another path with `listen`");
  }
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return system_error(url, errno, true);
  const int refused = connect_to(address, probe);
  if (refused != ECONNREFUSED) return system_error(url, refused == EACCES ? EACCES : EADDRINUSE, true);
  if (::unlink(path.c_str()) != 0) return system_error(url, errno, true);
  return std::nullopt;
}

void prepare(const Descriptor& socket, int family) {
  const int on = 1;
  if (family == AF_UNIX) {
    // On Linux the file is made with the mode of the socket, so it is never open to others, not even at first.
    ::fchmod(socket.get(), SocketFile::kOwnerOnly);
    return;
  }
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
}

std::string host_of(const sockaddr_storage& storage) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET6) {
    const auto address = unpack<sockaddr_in6>(storage);
    inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  } else {
    const auto address = unpack<sockaddr_in>(storage);
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  }
  return text.data();
}

/// The path of a Unix socket; "@NAME" in the abstract name space (unix(7)).
std::string path_of(const sockaddr_storage& storage, socklen_t size) {
  const auto address = unpack<sockaddr_un>(storage);
  constexpr socklen_t kPath = offsetof(sockaddr_un, sun_path);
  const std::string path(address.sun_path, std::clamp<socklen_t>(size, kPath, sizeof address) - kPath);
  if (path.starts_with('\0')) return "@" + path.substr(1);
  return path.substr(0, path.find('\0'));
}

Peer peer_of(int socket, const sockaddr_storage& from) {
  if (from.ss_family != AF_UNIX) return {.address = host_of(from)};
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {.address = "unix"};
  return {.address = "unix", .uid = credentials.uid, .gid = credentials.gid};
}

}  // namespace

crypto::Result<SocketAddress, ListenError> parse_endpoint(const std::string& url) {
  for (const std::string_view scheme : {kTcpScheme, kTlsScheme}) {
    if (url.starts_with(scheme)) return parse_tcp(url, scheme);
  }
  if (url.starts_with(kUnixScheme)) return parse_unix(url);
  return bad_address(url, "this is no kind of address that is known here");
}

std::string url_of(const Descriptor& socket, const Endpoint& endpoint) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size);
  if (storage.ss_family == AF_UNIX) return std::string(kUnixScheme) + path_of(storage, size);
  const bool v6 = storage.ss_family == AF_INET6;
  const in_port_t port = v6 ? unpack<sockaddr_in6>(storage).sin6_port : unpack<sockaddr_in>(storage).sin_port;
  const std::string host = v6 ? "[" + host_of(storage) + "]" : host_of(storage);
  return std::string(endpoint.tls ? kTlsScheme : kTcpScheme) + host + ":" + std::to_string(ntohs(port));
}

crypto::Result<std::unique_ptr<BoundEndpoint>, ListenError> BoundEndpoint::open(const Endpoint& endpoint,
                                                                                std::size_t index) {
  const std::string& url = endpoint.url;
  auto address = parse_endpoint(url);
  if (!address.ok()) return std::move(address).error();
  const bool is_unix = address->family() == AF_UNIX;
  const std::string path = is_unix ? url.substr(kUnixScheme.size()) : "";
  if (is_unix) {
    if (auto occupied = remove_stale(url, path, *address)) return *std::move(occupied);
  }
  Descriptor socket(::socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error(url, errno, is_unix);
  prepare(socket, address->family());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0)
    return system_error(url, errno, is_unix);
  std::unique_ptr<BoundEndpoint> bound(new BoundEndpoint(std::move(socket), endpoint, index));
  if (is_unix) {
    bound->file_.emplace(path);
    if (auto not_shared = bound->file_->share(endpoint)) return *std::move(not_shared);
  }
  if (::listen(bound->descriptor(), kBacklog) != 0) return system_error(url, errno, is_unix);
  return bound;
}

std::unique_ptr<BoundEndpoint> BoundEndpoint::adopt(Descriptor socket, const Endpoint& endpoint, std::size_t index) {
  return std::unique_ptr<BoundEndpoint>(new BoundEndpoint(std::move(socket), endpoint, index));
}

BoundEndpoint::BoundEndpoint(Descriptor socket, const Endpoint& endpoint, std::size_t index)
    : socket_(std::move(socket)), url_(url_of(socket_, endpoint)), index_(index) {}

std::variant<BoundEndpoint::Arrival, BoundEndpoint::Nothing> BoundEndpoint::accept() {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  Descriptor socket(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) {
    const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return exhausted ? Nothing::exhausted : Nothing::nobody;
  }
  const int on = 1;
  if (from.ss_family != AF_UNIX) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Peer peer = peer_of(socket.get(), from);
  if (tls_) return Arrival{std::make_unique<TlsTransport>(std::move(socket), tls_), std::move(peer), index_};
  return Arrival{std::make_unique<PlainTransport>(std::move(socket)), std::move(peer), index_};
}

}  // namespace fleetsign::http
