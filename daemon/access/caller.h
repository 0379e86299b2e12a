// SPDX-License-Identifier: Apache-2.0
// Who is calling: the token that a request carries, and whether a browser was made to send it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "daemon/http/message.h"
#include "daemon/upstream/fleet_api.h"
#include "protocol/failure.h"

namespace fleetsign::access {

/// Somebody who has shown a credential.
struct Caller {
  std::string name;                       ///< for logs: no secret, nor what one could be told from
  std::optional<upstream::Bearer> token;  ///< to act with upstream; nothing: such requests are not for it
  std::optional<std::size_t> entry = {};  ///< which of Config::callers has its rules; nothing: none
};

/// Who has sent the request. Kind::not_authenticated when it shows no credential.
protocol::Result<Caller> identify(const http::Request& request);

/// The bearer token (RFC 6750 section 2.1). Kind::not_authenticated when there is none that can be passed on.
protocol::Result<upstream::Bearer> bearer_of(const http::Request& request);

/// Refuses what a web page could make a visitor's browser send: a `Host` that is not this machine (DNS rebinding), an
/// `Origin` that is not this daemon's, a cross-site fetch. `hosts`, without ports, are ours beside the loopback ones;
/// over a Unix socket every host is.
std::optional<protocol::Failure> refuse_foreign(const http::Request& request, const std::vector<std::string>& hosts);

}  // namespace fleetsign::access
