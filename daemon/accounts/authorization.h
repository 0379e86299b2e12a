// SPDX-License-Identifier: Apache-2.0
// The part of a login that a browser takes: where it is sent, and what it comes back with (RFC 6749 section 4.1).
// Nothing here reaches beyond memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "crypto/result.h"
#include "daemon/accounts/hidden.h"

namespace fleetsign::accounts {

/// What a user is asked to allow, and where the browser goes then.
struct Authorization {
  std::string endpoint;  ///< an https URL without query
  std::string client_id;
  std::string redirect_uri;
  std::vector<std::string> scopes;
  std::string state;  ///< of make_state(), for this login alone
};

/// What nobody can guess, in characters that need no encoding.
std::string make_state();

/// The link to open. It asks for scopes that were once denied, too.
std::string authorization_link(const Authorization& asked);

/// Why there is no code.
struct AuthorizationError {
  /// `foreign`: the answer to another login, or to none; whoever waits for this one's goes on waiting.
  enum class Reason { foreign, refused };
  Reason reason{};
  std::string message;
  std::string hint;
};

/// The code in what a browser came back with: the query of its URL, or the whole URL as people copy it. The state is
/// compared in constant time. Messages have nothing of the code or the state.
crypto::Result<AuthorizationCode, AuthorizationError> read_code(std::string_view answer, std::string_view state);

/// The base URL that the tokens for a code are to be for: the configuration's, else that of the region which the code
/// names. Fleet API itself says later when an account belongs elsewhere.
std::string audience_of(const AuthorizationCode& code, const config::FleetApi& fleet_api);

}  // namespace fleetsign::accounts
