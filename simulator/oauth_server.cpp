// SPDX-License-Identifier: Apache-2.0
#include "simulator/oauth_server.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "simulator/form.h"
#include "simulator/routes.h"

namespace fleetsign::simulator {
namespace {

// fleet_api.md, C.4. The last two are for partner tokens only.
constexpr std::array<std::string_view, 12> kScopes{
    "openid",        "offline_access",        "user_data",          "vehicle_device_data", "vehicle_location",
    "vehicle_cmds",  "vehicle_charging_cmds", "energy_device_data", "energy_cmds",         "enterprise_management",
    "vehicle_specs", "vehicle_pricing_info"};
constexpr std::size_t kScopesOfUsers = kScopes.size() - 2;

constexpr std::string_view kUsualUser = "simulated-user";
constexpr std::string_view kUsualPartnerScopes = "openid vehicle_device_data vehicle_cmds vehicle_charging_cmds";
constexpr std::size_t kLongestText = 2'000;

struct Call {
  Garage& garage;
  const http::Request& request;

  [[nodiscard]] std::string query(std::string_view name) const { return form_value(request.query, name); }
  [[nodiscard]] std::string form(std::string_view name) const { return form_value(request.body, name); }
};

bool are_scopes(const std::vector<std::string>& scopes, std::size_t known) {
  return std::all_of(scopes.begin(), scopes.end(), [known](const auto& scope) {
    const auto* const end = kScopes.begin() + known;
    return std::find(kScopes.begin(), end, scope) != end;
  });
}

http::Reply redirect(std::string location) {
  return {.status = 302, .headers = {{"Location", std::move(location)}, {"Cache-Control", "no-store"}}};
}

/// The user signs in, and says yes, at once. `login_hint` says which user; without one it is always the same.
http::Reply authorize(const Call& call) {
  auto& authority = call.garage.authority();
  const auto refuse = [](std::string_view error) { return oauth_refusal(error, Endpoint::authorize); };
  const auto client = call.query("client_id");
  const auto uri = call.query("redirect_uri");
  const auto state = call.query("state");
  // A browser is sent back to a place that is known only: what comes before that is told to the user.
  if (!authority.knows(client)) return refuse("unauthorized_client");
  if (!is_web_uri(uri)) return refuse("invalid_redirect_url");
  const auto send_back = [&](std::string_view error) {
    return redirect(with_field(with_field(uri, "error", error), "state", state));
  };
  if (state.empty() || call.query("scope").empty()) return refuse("invalid_request");
  if (call.request.query.size() > kLongestText) return refuse("invalid_request");
  if (call.query("response_type") != "code") return send_back("unsupported_response_type");
  auto scopes = split_scopes(call.query("scope"));
  if (!are_scopes(scopes, kScopesOfUsers)) return send_back("invalid_scope");

  auto user = call.query("login_hint");
  const auto code = authority.tokens.issue_code({.client_id = client,
                                                 .subject = user.empty() ? std::string(kUsualUser) : std::move(user),
                                                 .redirect_uri = uri,
                                                 .state = state,
                                                 .nonce = call.query("nonce"),
                                                 .scopes = std::move(scopes)},
                                                call.garage.unix_time());
  return redirect(with_field(with_field(uri, "code", code), "state", state));
}

http::Reply issue(const TokenBook::Result& result) {
  if (!result) return oauth_refusal(result.error(), Endpoint::token);
  Json body{{"access_token", result->access_token}};
  if (!result->refresh_token.empty()) body["refresh_token"] = result->refresh_token;
  if (!result->id_token.empty()) body["id_token"] = result->id_token;
  body["expires_in"] = result->expires_in.count();
  if (!result->state.empty()) body["state"] = result->state;
  body["token_type"] = "Bearer";
  auto reply = json_reply(200, body);
  reply.headers.set("Cache-Control", "no-store");
  return reply;
}

TokenBook::Result redeem_code(const Call& call) {
  return call.garage.authority().tokens.redeem({.client_id = call.form("client_id"),
                                                .code = call.form("code"),
                                                .redirect_uri = call.form("redirect_uri"),
                                                .audience = call.form("audience"),
                                                .scopes = split_scopes(call.form("scope"))},
                                               call.garage.unix_time());
}

TokenBook::Result refresh(const Call& call) {
  return call.garage.authority().tokens.refresh(call.form("client_id"), call.form("refresh_token"),
                                                split_scopes(call.form("scope")), call.garage.unix_time());
}

TokenBook::Result partner_token(const Call& call) {
  const auto wanted = call.form("scope");
  auto scopes = split_scopes(wanted.empty() ? kUsualPartnerScopes : std::string_view(wanted));
  if (!are_scopes(scopes, kScopes.size())) return std::string_view("invalid_scope");
  return call.garage.authority().tokens.issue_partner(call.form("client_id"), call.form("audience"), std::move(scopes),
                                                      call.garage.unix_time());
}

struct Grant {
  std::string_view type;
  std::array<std::string_view, 4> fields;  ///< needed beside the client's id; empty ones do not count
  TokenBook::Result (*give)(const Call&);
};

// fleet_api.md, C.3: an app that refreshes shows no secret.
constexpr Grant kGrants[] = {
    {"authorization_code", {"client_secret", "code", "redirect_uri", "audience"}, redeem_code},
    {"refresh_token", {"refresh_token"}, refresh},
    {"client_credentials", {"client_secret", "audience"}, partner_token},
};

bool is_form(const http::Request& request) {
  const std::string* const type = request.headers.find("Content-Type");
  return type != nullptr && http::equal_ignoring_case(std::string_view(*type).substr(0, type->find_first_of("; ")),
                                                      "application/x-www-form-urlencoded");
}

bool needs(const Grant& grant, std::string_view field) {
  return std::find(grant.fields.begin(), grant.fields.end(), field) != grant.fields.end();
}

/// What is wrong with a request before its grant is looked for: the OAuth code, or nothing.
std::string_view fault_in(const Call& call, const Grant* grant) {
  if (!is_form(call.request) || call.form("grant_type").empty()) return "invalid_request";
  if (grant == nullptr) return "unsupported_grant_type";
  const auto is_missing = [&](std::string_view name) { return !name.empty() && call.form(name).empty(); };
  const auto client = call.form("client_id");
  if (client.empty() || std::any_of(grant->fields.begin(), grant->fields.end(), is_missing)) return "invalid_request";
  const auto& authority = call.garage.authority();
  if (!authority.knows(client)) return "unauthorized_client";
  if (needs(*grant, "client_secret") && !authority.knows(client, call.form("client_secret"))) return "invalid_client";
  const bool audience_is_bad = needs(*grant, "audience") && !is_web_uri(call.form("audience"));
  return audience_is_bad || call.request.body.size() > 4 * kLongestText ? "invalid_request" : "";
}

http::Reply token(const Call& call) {
  const auto* const grant =
      std::find_if(std::begin(kGrants), std::end(kGrants),
                   [type = call.form("grant_type")](const Grant& row) { return row.type == type; });
  const bool is_known = grant != std::end(kGrants);
  const auto fault = fault_in(call, is_known ? grant : nullptr);
  return issue(fault.empty() ? grant->give(call) : TokenBook::Result(fault));
}

/// RFC 7009 section 2.2: a token that nobody knows is as good as revoked.
http::Reply revoke(const Call& call) {
  if (!is_form(call.request) || call.form("token").empty()) return oauth_refusal("invalid_request", Endpoint::revoke);
  call.garage.authority().tokens.revoke(call.form("token"));
  return json_reply(200, Json::object());
}

struct Route {
  Endpoint endpoint;
  std::string_view method;
  std::string_view pattern;
  http::Reply (*answer)(const Call&);
};

constexpr Route kRoutes[] = {
    {Endpoint::authorize, "GET", "/oauth2/v3/authorize", authorize},
    {Endpoint::token, "POST", "/oauth2/v3/token", token},
    {Endpoint::revoke, "POST", "/oauth2/v3/revoke", revoke},
};

}  // namespace

http::Reply answer_oauth(Garage& garage, const http::Request& request) {
  const auto match = find_route<Route>(kRoutes, request);
  garage.common_requests().add(match.route != nullptr ? match.route->endpoint : Endpoint::other);
  if (match.route == nullptr) {
    const int status = match.allowed.empty() ? 404 : 405;
    auto reply = json_reply(status, {{"error", usual_error(status)}, {"error_description", ""}});
    if (status == 405) reply.headers.set("Allow", match.allowed);
    return reply;
  }
  const Call call{.garage = garage, .request = request};
  auto& authority = garage.authority();
  const auto client = request.method == "GET" ? call.query("client_id") : call.form("client_id");
  if (!authority.admit(client, garage.unix_time())) {
    auto reply = oauth_refusal("http_429", match.route->endpoint);
    reply.headers.set("Retry-After", "1");
    return reply;
  }
  return authority.faults.pass({.endpoint = match.route->endpoint,
                                .request = request,
                                .subject = {.client_id = client, .domain = {}},
                                .deliver = [&] { return match.route->answer(call); }});
}

}  // namespace fleetsign::simulator
