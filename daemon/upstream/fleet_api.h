// SPDX-License-Identifier: Apache-2.0
// Fleet API as the daemon calls it: paths and tokens in, answers out; the host is chosen here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/message.h"
#include "daemon/upstream/client.h"
#include "protocol/time.h"

namespace fleetsign::upstream {

/// A Tesla access token. Printed nowhere: it has no conversion to text but the header that carries it.
class Bearer {
 public:
  explicit Bearer(std::string token) : token_(std::move(token)) {}
  [[nodiscard]] std::string expose_header() const { return "Bearer " + token_; }
  [[nodiscard]] std::string_view expose() const { return token_; }

 private:
  std::string token_;
};

/// One request below a base URL.
struct Call {
  std::string method;
  std::string target;  ///< path and query, as they go on the wire
  http::Headers headers = {};
  std::string body = {};
  protocol::Instant deadline;
};

/// Safe to use from many threads.
class FleetApi {
 public:
  /// `base_url` overrides what tokens say; without a trailing slash.
  FleetApi(Client& client, std::optional<std::string> base_url) : client_(client), base_url_(std::move(base_url)) {}

  /// Sends it once. Authorization is set from the token; nothing else is added to the headers.
  [[nodiscard]] Answer send(const Call& call, const Bearer& token) const;

 private:
  Client& client_;
  std::optional<std::string> base_url_;
};

}  // namespace fleetsign::upstream
