// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/token_endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "daemon/accounts/form.h"
#include "daemon/accounts/refresh_times.h"
#include "daemon/ops/clock.h"
#include "daemon/upstream/token.h"

namespace fleetsign::accounts {
namespace {

using nlohmann::json;
using Kind = TokenError::Kind;

/// A token has a few kilobytes.
constexpr std::size_t kMostOfReply = std::size_t{64} * 1024;

constexpr const char* kCodeRefused = "Tesla does not take the code of this login";
constexpr const char* kLogInAgain =
    "log in again: a code is good once, for a few minutes, and with the redirect URI that it was asked for";
constexpr const char* kAppRefused = "Tesla gives this app no token of its own";
constexpr const char* kCheckApp =
    "look at the app's grant types in the developer portal, and compare `oauth.client_id` and the file of "
    "`oauth.client_secret_file` with it";

/// What the codes of RFC 6749 section 5.2, and Tesla's own, mean for us. The first row that fits counts.
struct Refusal {
  std::string_view error;
  std::optional<GrantType> type;  ///< without: any
  Kind kind;
  const char* message;
  const char* hint;
};
constexpr std::array kRefusals = {
    Refusal{"login_required", GrantType::refresh_token, Kind::login_required,
            "Tesla wants the account's owner to log in again", "`fleetsign login ACCOUNT`"},
    Refusal{"login_required", GrantType::authorization_code, Kind::login_required, kCodeRefused, kLogInAgain},
    Refusal{"login_required", GrantType::client_credentials, Kind::refused, kAppRefused, kCheckApp},
    Refusal{"invalid_grant", GrantType::refresh_token, Kind::login_required,
            "Tesla does not take the account's refresh token any more", "`fleetsign login ACCOUNT`"},
    Refusal{"invalid_grant", GrantType::authorization_code, Kind::login_required, kCodeRefused, kLogInAgain},
    Refusal{"invalid_grant", GrantType::client_credentials, Kind::refused, kAppRefused, kCheckApp},
    Refusal{"invalid_auth_code", std::nullopt, Kind::login_required, kCodeRefused, kLogInAgain},
    Refusal{"invalid_redirect_url", std::nullopt, Kind::refused, "Tesla does not know the redirect URI of this app",
            "`oauth.redirect_uri` must be as in the developer portal, to the letter"},
    Refusal{"invalid_client", std::nullopt, Kind::refused, "Tesla does not take the app's id or secret",
            "compare `oauth.client_id` and the file of `oauth.client_secret_file` with the developer portal"},
    Refusal{"unauthorized_client", std::nullopt, Kind::refused, "Tesla does not let this app do that",
            "compare `oauth.client_id` with the developer portal; a new app needs some minutes there"},
    Refusal{"invalid_scope", std::nullopt, Kind::refused, "Tesla does not give this app all of the scopes",
            "`oauth.scopes` must be among those that the app has in the developer portal"},
    Refusal{"unsupported_grant_type", std::nullopt, Kind::refused, "Tesla does not let this app get tokens in this way",
            "look at the app's grant types in the developer portal"},
};

bool is_lost(const upstream::Undelivered& none) {
  return none.sent == upstream::Undelivered::Sent::maybe;
}

TokenError describe(const upstream::Undelivered& none) {
  return {.kind = is_lost(none) ? Kind::lost : Kind::unreachable,
          .message = is_lost(none) ? "no answer came from the OAuth server: " + none.cause
                                   : "the OAuth server cannot be reached: " + none.cause};
}

std::string text_in(const json& body, const char* name) {
  const auto found = body.is_object() ? body.find(name) : body.end();
  return body.is_object() && found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::chrono::seconds> retry_after(const http::Headers& headers) {
  const auto* text = headers.find("Retry-After");
  if (text == nullptr) return std::nullopt;
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

/// A word of the server's that cannot be one of our secrets: an error code (RFC 6749 section 5.2) that is short.
std::string quoted_code(const std::string& code) {
  const bool is_word = code.size() <= 40 && std::ranges::all_of(code, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                       });
  return is_word && !code.empty() ? " (" + code + ")" : "";
}

TokenError describe(const upstream::Delivered& reply, GrantType type) {
  const auto body = json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  const auto code = text_in(body, "error");
  const auto said = "status " + std::to_string(reply.status) + quoted_code(code);
  if (reply.status == 429) {
    return {.kind = Kind::rate_limited,
            .message = "the OAuth server was asked too often: " + said,
            .retry_after = retry_after(reply.headers)};
  }
  if (reply.status >= 500) {
    return {.kind = Kind::unavailable,
            .message = "the OAuth server is out of order: " + said,
            .retry_after = retry_after(reply.headers)};
  }
  if (reply.status >= 400) {
    const auto* const row = std::ranges::find_if(
        kRefusals, [&](const Refusal& each) { return each.error == code && each.type.value_or(type) == type; });
    if (row != kRefusals.end()) return {.kind = row->kind, .message = row->message, .hint = row->hint};
    return {.kind = Kind::refused, .message = "the OAuth server refuses: " + said};
  }
  return {.kind = Kind::lost, .message = "the OAuth server's answer makes no sense: " + said};
}

/// As is said beside the access token, else by itself; nothing where neither makes sense.
std::optional<std::chrono::seconds> lifetime_of(const json& body, const upstream::Bearer& access) {
  const auto most = static_cast<double>(kLongestLifetime.count());
  const auto said = body.find("expires_in");
  if (said != body.end() && !said->is_null()) {
    const double seconds = said->is_number() ? said->get<double>() : 0;
    const bool is_time = seconds >= 1 && seconds <= most && std::trunc(seconds) == seconds;
    return is_time ? std::optional(std::chrono::seconds(static_cast<std::int64_t>(seconds))) : std::nullopt;
  }
  const auto claims = upstream::read_token(access.expose());
  if (!claims || !claims->expires_at) return std::nullopt;
  const std::chrono::seconds left(*claims->expires_at - ops::unix_now());
  return left >= std::chrono::seconds(1) ? std::optional(std::min(left, kLongestLifetime)) : std::nullopt;
}

std::optional<Grant> read_grant(const std::string& text) {
  const auto body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  auto access = upstream::Bearer::read(text_in(body, "access_token"));
  if (!access) return std::nullopt;
  const auto lifetime = lifetime_of(body, *access);
  if (!lifetime) return std::nullopt;
  return Grant{.access = *std::move(access),
               .refresh = RefreshToken::read(text_in(body, "refresh_token")),
               .lifetime = *lifetime};
}

std::string joined(const std::vector<std::string>& scopes) {
  std::string text;
  for (const auto& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

}  // namespace

OAuthUrls oauth_urls(const config::OAuth& oauth, bool is_china) {
  const std::string token = oauth.token_url.value_or(
      is_china ? "https://auth.tesla.cn/oauth2/v3/token" : "https://fleet-auth.prd.vn.cloud.tesla.com/oauth2/v3/token");
  return {.token = token,
          .revoke = token.substr(0, token.rfind('/')) + "/revoke",
          .authorize = oauth.authorize_url.value_or(is_china ? "https://auth.tesla.cn/oauth2/v3/authorize"
                                                             : "https://auth.tesla.com/oauth2/v3/authorize")};
}

upstream::Answer TokenEndpoint::post(const std::string& url, std::string body, protocol::Instant deadline) const {
  return client_.send(
      {.method = "POST",
       .url = url,
       .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
       .body = std::move(body),
       .deadline = deadline,
       .reply_bytes = kMostOfReply});
}

crypto::Result<Grant, TokenError> TokenEndpoint::ask(GrantType type, std::string body,
                                                     protocol::Instant deadline) const {
  const auto answer = post(urls_.token, std::move(body), deadline);
  if (const auto* none = std::get_if<upstream::Undelivered>(&answer)) return describe(*none);
  const auto& reply = std::get<upstream::Delivered>(answer);
  if (reply.status == 200) {
    if (auto grant = read_grant(reply.body)) return *std::move(grant);
  }
  return describe(reply, type);
}

crypto::Result<Grant, TokenError> TokenEndpoint::refresh(const RefreshToken& token, protocol::Instant deadline) const {
  auto grant =
      ask(GrantType::refresh_token,
          form_of({{"grant_type", "refresh_token"}, {"client_id", client_id_}, {"refresh_token", token.expose()}}),
          deadline);
  if (grant && !grant->refresh) grant->refresh = token;  // RFC 6749 section 6: the present one stays good
  return grant;
}

crypto::Result<Grant, TokenError> TokenEndpoint::exchange(const AuthorizationCode& code, const ClientSecret& secret,
                                                          std::string_view redirect_uri, std::string_view audience,
                                                          protocol::Instant deadline) const {
  return ask(GrantType::authorization_code,
             form_of({{"grant_type", "authorization_code"},
                      {"client_id", client_id_},
                      {"client_secret", secret.expose()},
                      {"code", code.expose()},
                      {"redirect_uri", redirect_uri},
                      {"audience", audience}}),
             deadline);
}

crypto::Result<Grant, TokenError> TokenEndpoint::partner(const ClientSecret& secret, std::string_view audience,
                                                         const std::vector<std::string>& scopes,
                                                         protocol::Instant deadline) const {
  return ask(GrantType::client_credentials,
             form_of({{"grant_type", "client_credentials"},
                      {"client_id", client_id_},
                      {"client_secret", secret.expose()},
                      {"audience", audience},
                      {"scope", joined(scopes)}}),
             deadline);
}

std::optional<TokenError> TokenEndpoint::revoke(const RefreshToken& token, protocol::Instant deadline) const {
  const auto answer = post(urls_.revoke, form_of({{"token", token.expose()}, {"client_id", client_id_}}), deadline);
  if (const auto* none = std::get_if<upstream::Undelivered>(&answer)) return describe(*none);
  const auto& reply = std::get<upstream::Delivered>(answer);
  return reply.status == 200 ? std::nullopt : std::optional(describe(reply, GrantType::refresh_token));
}

}  // namespace fleetsign::accounts
