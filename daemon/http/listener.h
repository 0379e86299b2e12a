// SPDX-License-Identifier: Apache-2.0
// The front door: accepts connections, parses HTTP within limits, calls the handler, writes its reply.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/result.h"
#include "daemon/http/descriptor.h"
#include "daemon/http/limits.h"
#include "daemon/http/message.h"

namespace fleetsign::http {

/// What an "https" endpoint shows to its callers, and asks of them: PEM files.
struct Tls {
  std::string cert_file;  ///< the endpoint's own certificate first, then those of the authorities in between
  std::string key_file;
  /// Callers must show a certificate that one of these authorities has signed.
  std::optional<std::string> client_ca_file = {};
};

/// Where to listen: "http://HOST:PORT" or "https://HOST:PORT" (port 0: any free one), "unix:/PATH", "systemd:NAME" (a
/// socket that systemd has opened and passed on, sd_listen_fds_with_names(3)).
struct Endpoint {
  std::string url;
  std::optional<unsigned> mode = {};      ///< of a Unix socket's file; 0600 without
  std::optional<std::string> group = {};  ///< of a Unix socket's file; that of the process without
  std::optional<Tls> tls = {};            ///< must be there for "https", may be for "systemd"
  bool has_deadlines = true;              ///< else longest_at_work() leaves its requests out
};

/// A socket that systemd has opened, as FileDescriptorName= of its unit calls it.
struct PassedSocket {
  std::string name;
  Descriptor socket;
};

/// Why the door could not be opened: `message` names the address and the reason, `hint` what to do.
struct ListenError {
  enum class Reason { bad_address, bad_certificate, in_use, not_permitted, unavailable };
  Reason reason{};
  std::string message;
  std::string hint;
};

/// How long a shut-down just waits.
inline constexpr std::chrono::seconds kStopPatience{3};

struct ListenerOptions {
  std::vector<Endpoint> endpoints;
  /// Those that "systemd:NAME" may mean. Several of one name all serve; those that no endpoint names are reported and
  /// closed.
  std::vector<PassedSocket> passed = {};
  Limits limits;
  Handler handler;
  BodyLimitOf body_limit = {};
  AgeClock age_clock = steady_age;
  /// Paths answered by threads of their own, so that they never wait behind others; GET and HEAD only.
  std::vector<std::string> express_paths;
  /// The reply for a request that the listener itself refuses; made from status and a sentence about the reason. Called
  /// from several threads at once; must neither wait nor throw. Without it: the sentence as text/plain.
  std::function<Reply(int status, const std::string& reason)> refusal;
  /// Called when a shut-down has waited for kStopPatience, and a few times a second from then on: what handlers wait
  /// for beside their callers, and need not, should end. Must neither wait for a handler nor throw.
  std::function<void()> on_wait = [] {};
  /// Called once, when no handler runs any more, or the time of a shut-down is almost over: whatever handlers wait for
  /// beside their callers should end now, so that there is time for a last word. May take `time`, which is what is left
  /// before that. Must neither wait for a handler nor throw.
  std::function<void(std::chrono::milliseconds time)> on_cut = [](std::chrono::milliseconds) {};
  /// Told what an operator should know and no caller can be told, in a sentence. Called from several threads at once;
  /// must neither wait nor throw.
  std::function<void(const std::string& message)> report = [](const std::string&) {};
};

/// How busy a listener is; totals since its start.
struct ListenerFigures {
  std::size_t connections = 0;  ///< that are open
  std::uint64_t connections_admitted = 0;
  std::uint64_t connections_refused = 0;  ///< as there were too many
  std::size_t workers = 0;                ///< threads, but for those of the express paths
  std::size_t workers_busy = 0;
  std::size_t requests_queued = 0;
  std::uint64_t requests_refused = 0;  ///< as too many waited
};

class Listener {
 public:
  /// Binds and starts to serve. Nothing is bound when it fails.
  static crypto::Result<std::unique_ptr<Listener>, ListenError> open(ListenerOptions options);
  virtual ~Listener() = default;  ///< as shut_down() with no time left

  /// The endpoints as bound, with the real port, in their order; one that means several sockets has a URL for each.
  [[nodiscard]] virtual std::vector<std::string> urls() const = 0;

  /// For how long no request has been taken up, while some wait for a worker; zero while none does, and while a body is
  /// streamed, which may hold a worker for as long as `limits` have it. Any thread.
  [[nodiscard]] virtual std::chrono::milliseconds stalled() const = 0;

  /// For how long the handler has been at work that began first, of those whose endpoint has deadlines and that are not
  /// given a body while it comes; zero while none is. Any thread.
  [[nodiscard]] virtual std::chrono::milliseconds longest_at_work() const = 0;

  /// Safe to call from many threads, handlers among them.
  [[nodiscard]] virtual ListenerFigures figures() const = 0;

  /// When the certificate of an endpoint ends, by its place in ListenerOptions::endpoints, in Unix seconds; 0 for one
  /// without. As figures().
  [[nodiscard]] virtual std::int64_t certificate_end(std::size_t endpoint) const = 0;

  /// Stops accepting, closes idle connections, and lets running requests finish and send their replies. In the last
  /// part of `grace`, a second at most, those get to say why they do not. Then the other connections are cut, and
  /// caller_gone() is true for those whose handlers still run; returns when the last handler has. Once, and not from a
  /// handler.
  virtual void shut_down(std::chrono::milliseconds grace) = 0;
};

}  // namespace fleetsign::http
