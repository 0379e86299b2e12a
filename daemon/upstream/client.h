// SPDX-License-Identifier: Apache-2.0
// HTTP to Fleet API: libcurl's multi interface on one I/O thread. Callers block; no one blocks in the resolver.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "daemon/http/message.h"
#include "daemon/ops/clock.h"
#include "protocol/time.h"

namespace fleetsign::upstream {

/// The longest body of a reply, unless the request says otherwise.
inline constexpr std::size_t kReplyBytes = 10 * 1000 * 1000;

struct Request {
  std::string method;     ///< GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS
  std::string url;        ///< absolute, https, or http to loopback; path and query are sent as they are
  http::Headers headers;  ///< sent as they are, but for Host, Content-Length and connection fields: the client's own
  std::string body;
  std::shared_ptr<http::BodySource> body_source = {};  ///< in place of `body`; read by the thread that calls the client
  protocol::Instant deadline;                          ///< the answer is there by then, or there is none
  std::size_t reply_bytes = kReplyBytes;               ///< for send(): a longer body makes the answer Undelivered
  std::string vehicle = {};  ///< whose bill it goes on, where the URL names it otherwise; empty: as the URL says
  /// Whether the one caller for whom it is made has gone; null where it is made for more than that. Asked a few times a
  /// second while the client is waited for, under a lock and until the call has returned, or the body of the reply has
  /// been given up: it neither blocks nor throws. Once it is true, what is of no use to anybody ends as
  /// Undelivered{caller_gone}: a GET, HEAD or OPTIONS, what nothing has been sent of, an upload that is not whole, the
  /// body of a reply. Any other request is waited for, as it matters what becomes of it.
  std::function<bool()> caller_gone = {};
};

struct Delivered {
  int status = 0;
  http::Headers headers;  ///< as received, in order; hop-by-hop ones included
  std::string body;
  int earlier =
      0;  ///< requests before this one, answered with another host or a refused token; the client itself makes none
  int repeats = 0;  ///< how often this one had been handed to a connection before, which then died without a reply
};

/// No usable answer came back.
struct Undelivered {
  /// Whether the other side can have seen the request. `no` only when not a byte of it was handed to a connection.
  enum class Sent { no, maybe };
  /// For people and metrics, and for "unreachable" against "no_reply".
  /// `refused`: the client itself would not send it, or not any more.
  enum class Phase { refused, resolve, connect, tls, send, receive, too_large, caller_gone, shutdown };
  Sent sent = Sent::maybe;
  Phase phase = Phase::receive;
  bool timed_out = false;
  std::string cause;  ///< in words, with libcurl's own; never a header or a body
  int earlier = 0;    ///< as in Delivered
  int repeats = 0;    ///< as in Delivered
};

using Answer = std::variant<Delivered, Undelivered>;

/// A reply of which the head is there.
struct Incoming {
  int status = 0;
  http::Headers headers;                   ///< as received, in order; hop-by-hop ones included
  std::unique_ptr<http::BodySource> body;  ///< never null; what has not been read is given up with it
  int earlier = 0;                         ///< as in Delivered
  int repeats = 0;                         ///< as in Delivered
};

using Opening = std::variant<Incoming, Undelivered>;

struct Options {
  std::optional<std::filesystem::path> ca_file;  ///< instead of the system's certificates
  std::chrono::milliseconds connect{5'000};      ///< the most a connect (with resolve and TLS) may take
  std::size_t connections = 256;                 ///< kept open, all hosts together
  /// HTTP/2 over TLS, when the other side offers it. libcurl 7.88 resets the stream of a reply without Content-Length,
  /// or whose end comes in a frame of its own; nghttp2 since 1.57, as in Envoy and Node, closes a connection that does
  /// so 1,000 times at more than 33 a second (CVE-2023-44487), and what is under way on it then gets no answer.
  /// What is streamed goes over HTTP/1.1 all the same: of an HTTP/2 stream whose reader pauses, libcurl 7.88 went on to
  /// hold tens of megabytes.
  bool http2 = true;
  std::string user_agent;
  std::optional<std::filesystem::path> unix_socket = {};  ///< where every request goes, whatever the host of its URL
  /// How long the machine has been suspended since it started. Asked by the I/O thread.
  std::function<protocol::Duration()> suspended = ops::suspended;
};

class Client {
 public:
  /// Throws std::runtime_error (std::system_error among them) when the machine lacks what it takes.
  static std::unique_ptr<Client> start(const Options& options);
  virtual ~Client() = default;  ///< as shut_down()

  /// Sends once, follows no redirect, and blocks until the answer or the deadline. Only GET, HEAD and OPTIONS may go
  /// out again, when a connection that had been used before dies without a reply. Safe to call from many threads.
  [[nodiscard]] virtual Answer send(const Request& request) = 0;

  /// As send(), and returns when the head of the reply is there. The deadline is for that, and counts from the end of a
  /// body that is streamed; of what is streamed, in either direction, each piece comes within as long as there was
  /// between the call and the deadline. A body that is streamed is never sent again. It is read to its end before the
  /// call returns, but when it fails, which makes the answer Undelivered with the source's words, or when a status of
  /// 300 or more shows that it is of no use. No more than a pipe of each body is held.
  [[nodiscard]] virtual Opening open(const Request& request) = 0;

  /// Why nothing can be sent any more, in words; nothing while all is well. Safe to call from many threads.
  [[nodiscard]] virtual std::optional<std::string> why_stopped() const = 0;

  /// Whether the threads behind it go on, each as soon as it is woken and within this time. Any thread. One without
  /// such threads always does.
  [[nodiscard]] virtual bool responds_within(std::chrono::milliseconds /*patience*/) const { return true; }

  /// Ends as Undelivered{shutdown} what nobody who wants to end should have to wait for: of the requests that have a
  /// `caller_gone`, those whose caller has gone, and any GET, HEAD or OPTIONS to which no head of a reply has come. For
  /// any thread, and any number of times.
  virtual void wind_down() = 0;

  /// Ends what is in flight as Undelivered{shutdown}, and everything that comes later.
  virtual void shut_down() = 0;
};

}  // namespace fleetsign::upstream
