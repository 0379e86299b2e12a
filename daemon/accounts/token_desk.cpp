// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/token_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/accounts/hidden.h"
#include "daemon/accounts/refresh_times.h"
#include "daemon/accounts/scopes.h"
#include "daemon/upstream/token.h"

namespace fleetsign::accounts {
namespace {

using Json = nlohmann::ordered_json;
using protocol::Failure;
using protocol::Kind;

constexpr std::size_t kLongestScopes = 2'000;

constexpr const char* kBodyHint =
    "give {refresh_token}, and {access_token, expires_in, scope} with it where they are known, as the OAuth server's "
    "answer has them";

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Failure bad_body(const std::string& what) {
  return {.kind = Kind::bad_request, .message = what, .hint = kBodyHint};
}

/// Of an object; the text of a member that is there, empty when it is not a text.
std::optional<std::string> text_in(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : std::string();
}

bool are_scopes(const std::string& text) {
  return text.size() <= kLongestScopes && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

crypto::SecretText hidden(std::string_view text) {
  return {text.begin(), text.end()};
}

/// When the access token ends, as is said beside it, or by itself.
protocol::Result<std::optional<std::int64_t>> end_of(const Json& body, std::string_view access, std::int64_t unix_now) {
  const auto lifetime = body.find("expires_in");
  if (lifetime == body.end() || lifetime->is_null()) {
    const auto claims = upstream::read_token(access);
    if (!claims || !claims->expires_at) return std::optional<std::int64_t>();
    return std::optional(std::min(*claims->expires_at, unix_now + kLongestLifetime.count()));
  }
  const bool is_time = lifetime->is_number_unsigned() && *lifetime >= 1 && *lifetime <= kLongestLifetime.count();
  if (!is_time) return bad_body("`expires_in` is not a whole number of seconds");
  return std::optional(unix_now + lifetime->get<std::int64_t>());
}

protocol::Result<RefreshToken> refresh_token_in(const Json& body) {
  if (!body.is_object()) return bad_body("the body is not a JSON object");
  auto token = RefreshToken::read(text_in(body, "refresh_token").value_or(""));
  if (!token) return bad_body("`refresh_token` is missing, or no token");
  return *std::move(token);
}

/// What a change has given, or why there was none.
protocol::Result<Json> handed_out(const std::string& name, const protocol::Result<std::optional<RefreshToken>>& token) {
  if (!token) return token.error();
  return Json{{"name", name}, {"refresh_token", *token ? Json((*token)->expose()) : Json()}};
}

protocol::Result<state::KeptTokens> read(std::string_view text, std::int64_t unix_now) {
  const auto body = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto refresh = refresh_token_in(body);
  if (!refresh) return refresh.error();
  state::KeptTokens tokens{.refresh = hidden(refresh->expose()), .refreshed = unix_now};
  if (const auto access = text_in(body, "access_token")) {
    if (!upstream::Bearer::read(*access)) return bad_body("`access_token` is no token");
    const auto end = end_of(body, *access, unix_now);
    if (!end) return end.error();
    if (*end) tokens.access = hidden(*access);
    tokens.expires = *end;
    tokens.scopes = scopes_of(*access, "");
  }
  if (auto scopes = text_in(body, "scope"); scopes && tokens.scopes.empty()) {
    if (!are_scopes(*scopes)) return bad_body("`scope` is not a list of scopes");
    tokens.scopes = *std::move(scopes);
  }
  return tokens;
}

}  // namespace

Json describe(const AccountReport& report) {
  return {{"name", report.name},
          {"kind", report.is_managed ? "managed" : "file"},
          {"state", to_string(report.state)},
          {"expires", or_null(report.expires)},
          {"scopes", report.scopes},
          {"refreshed", or_null(report.refreshed)},
          {"trouble", report.trouble.empty() ? Json() : Json(report.trouble)},
          {"encrypted", report.is_encrypted}};
}

Json TokenDesk::all() const {
  Json list = Json::array();
  for (const auto& report : accounts_.reports()) list.push_back(describe(report));
  return {{"accounts", std::move(list)}};
}

protocol::Result<std::shared_ptr<ManagedAccount>> TokenDesk::find(const std::string& name) const {
  if (auto account = accounts_.managed(name)) return account;
  if (accounts_.has(name)) {
    return Failure{.kind = Kind::bad_request,
                   .message = "the tokens of the account " + name + " are kept by another program",
                   .hint = "write `accounts: {" + name + ": managed}` to have them kept here"};
  }
  return Failure{.kind = Kind::not_found,
                 .message = "there is no account of this name",
                 .hint = "the key `accounts` of the configuration names them, as in {home: managed}"};
}

protocol::Result<Json> TokenDesk::store(const std::string& name, std::string_view body) const {
  const auto account = find(name);
  if (!account) return account.error();
  auto tokens = read(body, unix_now_());
  if (!tokens) return tokens.error();
  if (const auto failure = (*account)->store(*std::move(tokens))) return *failure;
  return describe((*account)->report());
}

protocol::Result<Json> TokenDesk::forget(const std::string& name) const {
  const auto account = find(name);
  return account ? handed_out(name, (*account)->forget()) : account.error();
}

protocol::Result<Json> TokenDesk::begin_revocation(const std::string& name) const {
  const auto account = find(name);
  return account ? handed_out(name, (*account)->begin_revocation()) : account.error();
}

protocol::Result<Json> TokenDesk::forget_revoked(const std::string& name, std::string_view body) const {
  const auto account = find(name);
  if (!account) return account.error();
  const auto token = refresh_token_in(Json::parse(body, nullptr, /*allow_exceptions=*/false));
  if (!token) return token.error();
  const auto is_forgotten = (*account)->forget_revoked(*token);
  if (!is_forgotten) return is_forgotten.error();
  return Json{{"name", name}, {"forgotten", *is_forgotten}};
}

protocol::Result<Json> TokenDesk::call_off_revocation(const std::string& name) const {
  const auto account = find(name);
  if (!account) return account.error();
  (*account)->call_off_revocation();
  return describe((*account)->report());
}

}  // namespace fleetsign::accounts
