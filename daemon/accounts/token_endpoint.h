// SPDX-License-Identifier: Apache-2.0
// Tesla's OAuth server: what is asked of it for tokens (facts: RFC 6749, and Fleet API's "third-party tokens").
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "crypto/result.h"
#include "daemon/accounts/hidden.h"
#include "daemon/upstream/client.h"
#include "daemon/upstream/fleet_api.h"
#include "protocol/time.h"

namespace fleetsign::accounts {

/// What the server gives out.
struct Grant {
  upstream::Bearer access;
  std::optional<RefreshToken> refresh = {};  ///< none for a partner, or without the scope offline_access
  std::chrono::seconds lifetime{};           ///< of `access`, from when it was asked for
};

/// For what it gives something out (RFC 6749 section 1.3).
enum class GrantType : std::uint8_t { refresh_token, authorization_code, client_credentials };

/// Why there is no grant.
struct TokenError {
  enum class Kind : std::uint8_t {
    unreachable,     ///< nothing was sent
    lost,            ///< it may have been done, and its reply did not come or cannot be read
    login_required,  ///< the refresh token is not good any more, or the code never was: only a login helps
    refused,         ///< the app is not known, its secret is wrong, or the request is not allowed
    rate_limited,    ///< nothing was done; `retry_after` says when to come back, where it was told
    unavailable,     ///< the server is out of order: 5xx; it may have been done
  };
  Kind kind = Kind::lost;
  std::string message;  ///< for people; holds no token, code or secret
  std::string hint = {};
  std::optional<std::chrono::seconds> retry_after = {};
};

/// Where the OAuth server of a region is.
struct OAuthUrls {
  std::string token;
  std::string revoke;
  std::string authorize;
};
/// As configured, else Tesla's: China has its own. `revoke` lies beside `token`.
OAuthUrls oauth_urls(const config::OAuth& oauth, bool is_china);

/// Safe to use from many threads. Nothing is ever asked a second time by itself.
class TokenEndpoint {
 public:
  /// The client outlives it. A token is only ever sent to the URLs.
  TokenEndpoint(upstream::Client& client, OAuthUrls urls, std::string client_id)
      : client_(client), urls_(std::move(urls)), client_id_(std::move(client_id)) {}

  /// New tokens for a refresh token, which is used up by that, unless the server gives no other; Tesla takes the last
  /// one again for a day.
  [[nodiscard]] crypto::Result<Grant, TokenError> refresh(const RefreshToken& token, protocol::Instant deadline) const;

  /// Tokens for the code that a login gave; `redirect_uri` as in the login, `audience` a base URL of Fleet API.
  [[nodiscard]] crypto::Result<Grant, TokenError> exchange(const AuthorizationCode& code, const ClientSecret& secret,
                                                           std::string_view redirect_uri, std::string_view audience,
                                                           protocol::Instant deadline) const;

  /// A token of the app itself, for the base URL `audience` of Fleet API. Without scopes: those that Tesla gives.
  [[nodiscard]] crypto::Result<Grant, TokenError> partner(const ClientSecret& secret, std::string_view audience,
                                                          const std::vector<std::string>& scopes,
                                                          protocol::Instant deadline) const;

  /// Has the server forget a refresh token, with all that came of it (RFC 7009). Nothing when that is done.
  [[nodiscard]] std::optional<TokenError> revoke(const RefreshToken& token, protocol::Instant deadline) const;

 private:
  [[nodiscard]] upstream::Answer post(const std::string& url, std::string body, protocol::Instant deadline) const;
  [[nodiscard]] crypto::Result<Grant, TokenError> ask(GrantType type, std::string body,
                                                      protocol::Instant deadline) const;

  upstream::Client& client_;
  OAuthUrls urls_;
  std::string client_id_;
};

}  // namespace fleetsign::accounts
