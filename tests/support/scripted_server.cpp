// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace fleetsign::tests {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("scripted server: ") + what);
}

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void* wanted) {
  const auto& name = *static_cast<const std::string*>(wanted);
  for (unsigned int at = 0; at < offered_size; at += 1U + offered[at]) {
    if (std::string_view(name) != std::string_view(reinterpret_cast<const char*>(offered + at + 1), offered[at]))
      continue;
    *chosen = offered + at + 1;
    *size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

Context make_context(const ScriptedServerOptions& options) {
  if (options.tls == nullptr) return nullptr;
  Context context(SSL_CTX_new(TLS_server_method()));
  require(SSL_CTX_use_certificate_chain_file(context.get(), options.tls->certificate().c_str()) == 1, "certificate");
  require(SSL_CTX_use_PrivateKey_file(context.get(), options.tls->key().c_str(), SSL_FILETYPE_PEM) == 1, "key");
  if (!options.alpn.empty())
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, const_cast<std::string*>(&options.alpn));
  if (options.only_tls_1_1) {
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
  }
  return context;
}

/// What a connection has received, for the script's thread and the test's.
class Record {
 public:
  void add(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
  }
  [[nodiscard]] std::string bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  void mark_opened() {
    const std::lock_guard lock(mutex_);
    opened_ = true;
  }
  [[nodiscard]] bool opened() const {
    const std::lock_guard lock(mutex_);
    return opened_;
  }

 private:
  mutable std::mutex mutex_;
  std::string bytes_;
  bool opened_ = false;
};

class SocketPeer final : public Peer {
 public:
  SocketPeer(int socket, std::size_t number, Record& record) : socket_(socket), number_(number), record_(record) {
    timeval limit{.tv_sec = 30};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  /// False when the handshake fails.
  bool open(SSL_CTX* context) {
    if (context != nullptr) {
      ssl_.reset(SSL_new(context));
      SSL_set_fd(ssl_.get(), socket_);
      if (SSL_accept(ssl_.get()) != 1) return false;
    }
    record_.mark_opened();
    return true;
  }

  bool start_tls(const TlsIdentity& identity) override { return open(make_context({.tls = &identity}).get()); }

  [[nodiscard]] std::size_t number() const override { return number_; }

  std::string read_request() override {
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return std::exchange(buffer_, {});
    }
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const std::size_t length = buffer_.find(kLength);
    std::size_t body = 0;
    if (length < end) body = std::strtoul(buffer_.c_str() + length + kLength.size(), nullptr, 10);
    return read(end + 4 + body);
  }

  std::string read(std::size_t bytes) override {
    while (buffer_.size() < bytes && receive()) {
    }
    const std::size_t taken = std::min(bytes, buffer_.size());
    std::string result = buffer_.substr(0, taken);
    buffer_.erase(0, taken);
    return result;
  }

  void wait_for_close() override {
    while (receive()) {
    }
  }

  bool write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void stall() override {
    pollfd hang_up{.fd = socket_};
    poll(&hang_up, 1, 30'000);
  }

  void reset() override {
    // Not by close(): the number must stay ours until the server lets go of it. Disconnecting sends the reset as well.
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const sockaddr nobody{.sa_family = AF_UNSPEC};
    static_cast<void>(::connect(socket_, &nobody, sizeof nobody));
  }

 private:
  bool receive() {
    std::array<char, 16 * 1024> piece{};
    const auto size = ssl_ ? SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()))
                           : ::recv(socket_, piece.data(), piece.size(), 0);
    if (size <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(size));
    record_.add({piece.data(), static_cast<std::size_t>(size)});
    return true;
  }

  const int socket_;
  const std::size_t number_;
  Record& record_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string buffer_;
};

}  // namespace

class ScriptedServer::State {
 public:
  State(Script script, ScriptedServerOptions options)
      : script_(std::move(script)), options_(std::move(options)), context_(make_context(options_)) {
    // OpenSSL writes to sockets without MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    require(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    require(listen(listener_, 1024) == 0, "listen");
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~State() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    // Nobody adds connections any more. Shutting down lets scripts that read go on and end.
    for (const Connection& connection : connections_) shutdown(connection.socket, SHUT_RDWR);
    for (Connection& connection : connections_) connection.thread.join();
    for (const Connection& connection : connections_) close(connection.socket);
  }

  [[nodiscard]] int port() const { return port_; }

  template <class Visit>
  void for_each_record(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const Connection& connection : connections_) visit(connection.record);
  }

 private:
  struct Connection {
    int socket = -1;
    Record record;
    std::thread thread;
  };

  void accept_all() {
    for (;;) {
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) return;
      const std::lock_guard lock(mutex_);
      const std::size_t number = connections_.size();
      Connection& connection = connections_.emplace_back();
      connection.socket = accepted;
      connection.thread = std::thread([this, number, &connection] { serve(number, connection); });
    }
  }

  void serve(std::size_t number, Connection& connection) {
    {
      SocketPeer peer(connection.socket, number, connection.record);
      if (peer.open(context_.get())) script_(peer);
    }
    shutdown(connection.socket, SHUT_RDWR);
  }

  const Script script_;
  const ScriptedServerOptions options_;
  const Context context_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::deque<Connection> connections_;  ///< a deque: they stay where they are
};

ScriptedServer::ScriptedServer(Script script, ScriptedServerOptions options)
    : state_(std::make_unique<State>(std::move(script), std::move(options))) {}

ScriptedServer::~ScriptedServer() = default;

int ScriptedServer::port() const {
  return state_->port();
}

std::size_t ScriptedServer::accepted() const {
  std::size_t count = 0;
  state_->for_each_record([&](const Record&) { ++count; });
  return count;
}

std::size_t ScriptedServer::opened() const {
  std::size_t count = 0;
  state_->for_each_record([&](const Record& record) { count += record.opened() ? 1 : 0; });
  return count;
}

std::string ScriptedServer::received() const {
  std::string all;
  state_->for_each_record([&](const Record& record) { all += record.bytes(); });
  return all;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

std::string http_reply(int status, std::string_view body) {
  return "HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

}  // namespace fleetsign::tests
