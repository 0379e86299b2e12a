// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/bound_endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

namespace fleetsign::http {
namespace {

constexpr std::string_view kTcpScheme = "http://";
constexpr std::string_view kUnixScheme = "unix:";
constexpr int kBacklog = 4096;  // the kernel caps it at net.core.somaxconn
constexpr mode_t kUnixMode = 0600;

ListenError error(ListenError::Reason reason, const std::string& url, const std::string& why, std::string hint) {
  return {reason, "cannot listen on " + url + ": " + why, std::move(hint)};
}

ListenError bad_address(const std::string& url, const std::string& why) {
  return error(ListenError::Reason::bad_address, url, why,
               "write http://HOST:PORT with a numeric host or localhost, or unix:/PATH");
}

ListenError system_error(const std::string& url, int number, bool is_unix) {
  using Reason = ListenError::Reason;
  switch (number) {
    case EADDRINUSE:
      return error(Reason::in_use, url, "address already in use",
                   is_unix ? "another program listens on this socket; stop it or choose another path with `listen`"
                           : "another program uses this port; stop it or choose another with `listen`");
    case EACCES:
    case EPERM:
      return error(Reason::not_permitted, url, "permission denied",
                   is_unix
                       ? "make the folder of the socket writable for this user, or choose another path with `listen`"
                       : "ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one with `listen`");
    case EADDRNOTAVAIL:
      return error(Reason::unavailable, url, "this machine has no such address",
                   "`ip address` shows those it has; 127.0.0.1 is always there");
    case ENOENT:
    case ENOTDIR:
      return error(Reason::unavailable, url, "the folder of the socket does not exist", "create it first");
    default:
      return error(Reason::unavailable, url, std::strerror(number), "choose another address with `listen`");
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

crypto::Result<SocketAddress, ListenError> parse_tcp(const std::string& url) {
  std::string_view rest = std::string_view(url).substr(kTcpScheme.size());
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
    return error(ListenError::Reason::in_use, url, "there is a file of another kind",
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
    ::fchmod(socket.get(), kUnixMode);
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

/// The URL of a TCP socket, with the port that it got.
std::string url_of(const Descriptor& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size);
  const bool v6 = storage.ss_family == AF_INET6;
  const in_port_t port = v6 ? unpack<sockaddr_in6>(storage).sin6_port : unpack<sockaddr_in>(storage).sin_port;
  const std::string host = v6 ? "[" + host_of(storage) + "]" : host_of(storage);
  return std::string(kTcpScheme) + host + ":" + std::to_string(ntohs(port));
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
  if (url.starts_with(kTcpScheme)) return parse_tcp(url);
  if (url.starts_with(kUnixScheme)) return parse_unix(url);
  return bad_address(url, "this is no kind of address that is known here");
}

crypto::Result<std::unique_ptr<BoundEndpoint>, ListenError> BoundEndpoint::open(const Endpoint& endpoint) {
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
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return system_error(url, errno, is_unix);
  }
  std::string bound = is_unix ? url : url_of(socket);
  auto file = is_unix ? identify(path) : std::nullopt;
  return std::unique_ptr<BoundEndpoint>(new BoundEndpoint(std::move(socket), std::move(bound), std::move(file)));
}

BoundEndpoint::BoundEndpoint(Descriptor socket, std::string url, std::optional<File> file)
    : socket_(std::move(socket)), url_(std::move(url)), file_(std::move(file)) {}

BoundEndpoint::~BoundEndpoint() {
  if (file_ && identify(file_->path) == file_) ::unlink(file_->path.c_str());
}

std::optional<BoundEndpoint::File> BoundEndpoint::identify(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return File{path, status.st_dev, status.st_ino};
}

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
  return Arrival{std::make_unique<PlainTransport>(std::move(socket)), std::move(peer)};
}

}  // namespace fleetsign::http
