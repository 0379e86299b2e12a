// SPDX-License-Identifier: Apache-2.0
// HTTP messages as values. What a listener hands to its handler and gets back; also what upstream sends and receives.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/http/body_source.h"

namespace fleetsign::http {

struct Header {
  std::string name;
  std::string value;
};

/// Header fields in the order received; names compare without case (RFC 9110 section 5.1).
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  /// The first value of that name; null when there is none. Valid until the next change.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Header> fields_;
};

/// What the field Content-Length says; nothing when it is not there, or no number of 64 bits.
std::optional<std::uint64_t> content_length(const Headers& headers);

/// Whether replies of that status have no body, whatever their fields say (RFC 9110 sections 15.3.5 and 15.4.5).
inline bool has_no_content(int status) {
  return status == 204 || status == 304;
}

/// ASCII comparison without case, as header names, schemes and hosts need it.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// The certificate that a caller has shown: one of an authority named by the endpoint, and its key is the caller's.
struct PeerCertificate {
  std::string common_name;  ///< of its subject, UTF-8; empty when it has none
  std::string sha256;       ///< of the whole certificate, 64 lower-case hexadecimal digits
};

/// Who is at the other end of a connection, as the kernel and TLS say; nothing here comes from a header.
struct Peer {
  std::string address;                              ///< "127.0.0.1", "::1", or "unix"
  std::optional<uid_t> uid;                         ///< Unix sockets only
  std::optional<gid_t> gid;                         ///< Unix sockets only
  std::optional<PeerCertificate> certificate = {};  ///< only where the endpoint asks for one
};

/// Why a request goes no further than the listener. The connection ends with it.
struct Refusal {
  int status = 400;
  std::string reason;  ///< a sentence for people, which quotes nothing of the request
};

struct Request {
  std::string method;  ///< as sent: methods have case
  std::string target;  ///< path and query, as sent
  std::string path;    ///< the target up to '?', in its canonical_path(): what decides anything looks at this
  std::string query;   ///< the target behind '?', as sent, or empty
  Headers headers;
  std::string body;
  /// Where the body is streamed: it, instead of `body`. For use until the handler returns.
  std::shared_ptr<BodySource> body_source = {};
  /// Why body_source has failed, as the listener refuses what it reads itself; nothing while it has not. As long as it.
  std::function<std::optional<Refusal>()> body_refusal = [] { return std::nullopt; };
  Peer peer;
  std::size_t endpoint = 0;          ///< by which of ListenerOptions::endpoints it came in
  std::chrono::milliseconds age{0};  ///< from its first byte to the call of the handler
  /// Whether the caller has closed its connection, or its sending side, meanwhile. For use, by any thread, until the
  /// handler returns, and as long as the reply's body_source lives.
  std::function<bool()> caller_gone = [] { return false; };
};

/// A fault that the simulator can order: what of a reply reaches the caller before the connection is closed.
struct Cut {
  std::size_t body_bytes = 0;  ///< so many bytes of the body are sent ...
  bool head = false;           ///< ... behind the head; without it nothing at all is sent
};

struct Reply {
  int status = 200;
  Headers headers;  ///< framing and Connection are the listener's, and a Date where there is none
  std::string body;
  /// In place of `body`: read until it ends, fails or the caller goes, each time with room for 16 KiB or more, and sent
  /// as it comes. When it fails, the connection is cut, so that nobody takes what was sent for the whole.
  std::shared_ptr<BodySource> body_source = {};
  /// What Content-Length says where a body is not sent: to HEAD, and with 304. Without it, HEAD is told the size of
  /// `body`, and nothing of a body_source.
  std::optional<std::uint64_t> content_length = {};
  std::optional<Cut> cut;
};

/// `usual`: a body of at most Limits::body_bytes, which is there when the handler is called. `streamed`: one whose size
/// is told and no larger is so as well; a larger or chunked one, of at most Limits::streamed_body_bytes, comes as
/// Request::body_source.
enum class BodyLimit { usual, streamed };

/// Which limit the body of a request has. Gets method, target, headers and endpoint: nothing else is known before the
/// body. Called from several threads at once; must neither wait nor throw. Null: the usual one, for all.
using BodyLimitOf = std::function<BodyLimit(const Request& head)>;

/// What ages of requests are measured with: the time since whatever moment. It never goes back, and may be asked by
/// several threads at once.
using AgeClock = std::function<std::chrono::nanoseconds()>;
/// Stands still while the machine is suspended.
inline std::chrono::nanoseconds steady_age() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

/// Called from several threads at once. Must not throw for anything that a caller can send.
using Handler = std::function<Reply(const Request&)>;

}  // namespace fleetsign::http
