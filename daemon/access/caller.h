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
  std::string name = {};                       ///< for logs: no secret, nor what one could be told from
  bool is_known = false;                       ///< by something else than a Tesla token, which nobody here can judge
  bool borrows = false;                        ///< it may act with a vehicle's account: it has an entry, or a key
  std::string account = {};                    ///< whose token it uses when it brings none; empty: nobody's
  std::optional<upstream::Bearer> token = {};  ///< to act with upstream
  std::optional<std::size_t> entry = {};       ///< which of Config::callers has its rules; nothing: none
};

/// What the fields of a request say of who sends it.
struct Credentials {
  std::optional<upstream::Bearer> token = {};
  /// What stands where a local key does, or should: whoever has sent that wants to be known by it. It may be no key.
  std::optional<std::string> key = {};
};

/// A bearer token (RFC 6750 section 2.1) of Tesla's or a local key in Authorization, and a local key in
/// X-Authorization. Kind::not_authenticated for what is neither in Authorization.
protocol::Result<Credentials> credentials_in(const http::Request& request);

/// Tells tokens apart, and nothing about them.
std::string name_of(const upstream::Bearer& token);

/// Refuses what a web page could make a visitor's browser send: a `Host` that is not this machine (DNS rebinding), an
/// `Origin` that is not this daemon's, a cross-site fetch. `hosts`, without ports, are ours beside the loopback ones;
/// over a Unix socket every host is.
std::optional<protocol::Failure> refuse_foreign(const http::Request& request, const std::vector<std::string>& hosts);

}  // namespace fleetsign::access
