// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/authorization.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/entry.h"
#include "crypto/bytes.h"
#include "crypto/random.h"
#include "daemon/accounts/form.h"
#include "daemon/upstream/hosts.h"

namespace fleetsign::accounts {
namespace {

constexpr std::size_t kStateBytes = 32;

/// The query of a URL, or the text itself when it is one.
std::string_view query_in(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(kBlank)));
  text = text.substr(0, text.find_last_not_of(kBlank) + 1);
  text = text.substr(0, text.find('#'));
  const auto mark = text.find('?');
  return mark == std::string_view::npos ? text : text.substr(mark + 1);
}

struct Refused {
  std::string_view error;
  const char* meaning;
  const char* next;
};

// RFC 6749 section 4.1.2.1, and what Tesla has beside that; the last one is for any other.
constexpr Refused kRefused[] = {
    {"access_denied", "the user has not allowed it", "log in again and allow what is asked for"},
    {"invalid_scope", "the app may not ask for one of the scopes",
     "compare `oauth.scopes` with the app's at developer.tesla.com"},
    {"unauthorized_client", "the app may not ask for that",
     "check `oauth.client_id` and the app at developer.tesla.com"},
    {"unsupported_response_type", "the app may not ask for that", "look at its grant types at developer.tesla.com"},
    {"login_required", "nobody has logged in", "open the link again and log in"},
    {"temporarily_unavailable", "logins are not possible just now", "try again later"},
    {"server_error", "Tesla's login failed", "try again later"},
    {"", "the login was refused", "try again; if it stays so, look at the app at developer.tesla.com"},
};

AuthorizationError refused(const std::string& error, const std::string& description) {
  const auto* const row =
      std::ranges::find_if(kRefused, [&](const Refused& each) { return each.error.empty() || each.error == error; });
  return {.reason = AuthorizationError::Reason::refused,
          .message = std::string(row->meaning) + " (" + config::printable(error) +
                     (description.empty() ? "" : ": " + config::printable(description)) + ")",
          .hint = row->next};
}

AuthorizationError foreign(const char* message) {
  return {.reason = AuthorizationError::Reason::foreign,
          .message = message,
          .hint = "log in again: open the link that the new login prints, once"};
}

}  // namespace

std::string make_state() {
  return crypto::to_base64url(crypto::random_bytes<kStateBytes>());
}

std::string authorization_link(const Authorization& asked) {
  std::string scope;
  for (const auto& each : asked.scopes) scope += (scope.empty() ? "" : " ") + each;
  return asked.endpoint + '?' +
         form_of({{"response_type", "code"},
                  {"client_id", asked.client_id},
                  {"redirect_uri", asked.redirect_uri},
                  {"scope", scope},
                  {"state", asked.state},
                  {"prompt_missing_scopes", "true"}});
}

crypto::Result<AuthorizationCode, AuthorizationError> read_code(std::string_view answer, std::string_view state) {
  const auto query = query_in(answer);
  const auto returned = find_field(query, "state");
  if (!returned) return foreign("that is not the address that a login comes back to: it has no `state`");
  if (!crypto::equal_in_constant_time(crypto::as_bytes(*returned), crypto::as_bytes(state))) {
    return foreign("that is the answer to another login: its `state` is not the one of this one");
  }
  if (const auto error = find_field(query, "error")) {
    return refused(error->substr(0, 100), find_field(query, "error_description").value_or("").substr(0, 200));
  }
  if (auto code = AuthorizationCode::read(find_field(query, "code").value_or(""))) return *std::move(code);
  return AuthorizationError{
      .reason = AuthorizationError::Reason::refused, .message = "the answer has no code", .hint = "log in again"};
}

std::string audience_of(const AuthorizationCode& code, const config::FleetApi& fleet_api) {
  if (fleet_api.base_url) return *fleet_api.base_url;
  const auto place = code.expose().substr(0, 3);
  const bool by_code = fleet_api.region == config::Region::automatic;
  if (fleet_api.region == config::Region::cn || (by_code && place == "CN_")) return std::string(upstream::kChina);
  if (fleet_api.region == config::Region::eu || (by_code && place == "EU_")) return std::string(upstream::kEurope);
  return std::string(upstream::kNorthAmerica);
}

}  // namespace fleetsign::accounts
