// SPDX-License-Identifier: Apache-2.0
// The front door: accepts connections, parses HTTP within limits, calls the handler, writes its reply.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "crypto/result.h"
#include "daemon/http/message.h"

namespace fleetsign::http {

/// Bounds on everything that a stranger can grow. Each has a test.
struct Limits {
  std::size_t connections = 10'000;
  std::size_t connections_per_peer = 10'000;
  std::size_t workers = 4'096;               ///< the most requests being handled at once
  std::size_t queue = 4'096;                 ///< readable connections waiting for a worker; beyond: 503
  std::size_t uri_bytes = 8 * 1024;          ///< 414
  std::size_t header_bytes = 32 * 1024;      ///< all fields together: 431
  std::size_t header_count = 100;            ///< 431
  std::size_t body_bytes = 1024 * 1024;      ///< 413
  std::chrono::milliseconds first_byte{60'000};     ///< an idle connection is closed after this
  std::chrono::milliseconds request{10'000};        ///< from a request's first byte to its last: 408
  std::chrono::milliseconds reply{30'000};          ///< for the caller to take the whole reply
  std::size_t requests_per_connection = 10'000;
};

/// Where to listen: "http://HOST:PORT" (port 0: any free one), "unix:/PATH".
struct Endpoint {
  std::string url;
};

/// Why the door could not be opened: `message` names the address and the reason, `hint` what to do.
struct ListenError {
  enum class Reason { bad_address, in_use, not_permitted, unavailable };
  Reason reason{};
  std::string message;
  std::string hint;
};

struct ListenerOptions {
  std::vector<Endpoint> endpoints;
  Limits limits;
  Handler handler;
  /// Paths answered by threads of their own, so that they never wait behind others; GET and HEAD only.
  std::vector<std::string> express_paths;
  /// The reply for a request that the listener itself refuses; made from status and a sentence about the reason.
  std::function<Reply(int status, const std::string& reason)> refusal;
};

class Listener {
 public:
  /// Binds and starts to serve. Nothing is bound when it fails.
  static crypto::Result<std::unique_ptr<Listener>, ListenError> open(ListenerOptions options);
  virtual ~Listener() = default;  ///< as shut_down() with no time left

  /// The endpoints as bound, with the real port.
  [[nodiscard]] virtual std::vector<std::string> urls() const = 0;

  /// Stops accepting, closes idle connections, lets running requests finish and send their replies until then.
  virtual void shut_down(std::chrono::milliseconds grace) = 0;
};

}  // namespace fleetsign::http
