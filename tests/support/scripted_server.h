// SPDX-License-Identifier: Apache-2.0
// A server that does to each connection what a script says, well-behaved or not, and remembers every byte it was sent.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/tls_identity.h"

namespace fleetsign::tests {

/// The server's end of one connection, for its script alone. What waits gives up after 30 s or with the server.
class Peer {
 public:
  virtual ~Peer() = default;

  /// Counts the connections from 0.
  [[nodiscard]] virtual std::size_t number() const = 0;
  /// One HTTP/1.1 request: its head, and as much of a body as Content-Length says. Less when the other side closed.
  virtual std::string read_request() = 0;
  /// So many bytes; less when the other side closed.
  virtual std::string read(std::size_t bytes) = 0;
  /// Returns when the other side has closed; what it sends until then is kept as received.
  virtual void wait_for_close() = 0;
  /// False when the connection is gone.
  virtual bool write(std::string_view bytes) = 0;
  /// Reads nothing, and returns when the connection is gone or the server ends.
  virtual void stall() = 0;
  /// Goes on in TLS, as behind a proxy's CONNECT. False when the handshake fails.
  virtual bool start_tls(const TlsIdentity& identity) = 0;
  /// Ends the connection at once with a TCP reset.
  virtual void reset() = 0;
};

struct ScriptedServerOptions {
  const TlsIdentity* tls = nullptr;  ///< none: plain TCP
  std::string alpn;                  ///< the protocol it wants, such as "h2"; empty: it ignores what is offered
  bool only_tls_1_1 = false;
};

class ScriptedServer {
 public:
  /// Called on a thread of its own for each connection, which closes when it returns.
  using Script = std::function<void(Peer&)>;

  /// Listens on 127.0.0.1, on a port that is free.
  explicit ScriptedServer(Script script, ScriptedServerOptions options = {});
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] int port() const;
  /// "127.0.0.1:PORT"
  [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(port()); }

  /// How many connections it has accepted, and how many of them got through a TLS handshake, if there is one.
  [[nodiscard]] std::size_t accepted() const;
  [[nodiscard]] std::size_t opened() const;
  /// All that came on all connections, one connection after the other.
  [[nodiscard]] std::string received() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// How often a text occurs in another.
std::size_t occurrences(std::string_view text, std::string_view part);

/// A complete HTTP/1.1 reply with a Content-Length.
std::string http_reply(int status, std::string_view body);

}  // namespace fleetsign::tests
