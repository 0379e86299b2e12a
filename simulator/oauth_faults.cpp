// SPDX-License-Identifier: Apache-2.0
#include "simulator/oauth_faults.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

#include "simulator/form.h"

namespace fleetsign::simulator {
namespace {

using std::chrono_literals::operator""s;

constexpr std::array kEndpoints{Endpoint::authorize, Endpoint::token, Endpoint::revoke, Endpoint::partner_accounts,
                                Endpoint::public_key};

std::string filled(std::string_view text, const Subject& subject) {
  std::string result(text);
  for (const auto& [mark, value] :
       {std::pair{"{client}", &subject.client_id}, std::pair{"{domain}", &subject.domain}}) {
    const std::string_view wanted(mark);
    if (const auto at = result.find(wanted); at != std::string::npos) result.replace(at, wanted.size(), *value);
  }
  return result;
}

http::Reply refusal(Endpoint endpoint, int status, std::string_view error, std::string_view description) {
  const bool is_fleet_api = endpoint == Endpoint::partner_accounts || endpoint == Endpoint::public_key;
  if (is_fleet_api) return error_reply(status, error, description);
  return json_reply(status, {{"error", error}, {"error_description", description}});
}

http::Reply answer(const OAuthOrder& order, const Passage& passage, OAuthFaults&) {
  const auto& row = *order.fault;
  const int status = order.status.value_or(row.status);
  auto reply = refusal(passage.endpoint, status, order.error ? *order.error : filled(row.error, passage.subject),
                       filled(row.description, passage.subject));
  if (status == 429) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(order.ms.value_or(1s));
    reply.headers.set("Retry-After", std::to_string(wait.count()));
  }
  return reply;
}

/// The user says no: the browser goes back with that.
http::Reply deny(const OAuthOrder& order, const Passage& passage, OAuthFaults& faults) {
  const auto& query = passage.request.query;
  auto uri = form_value(query, "redirect_uri");
  if (passage.endpoint != Endpoint::authorize || !is_web_uri(uri)) return answer(order, passage, faults);
  uri = with_field(std::move(uri), "error", order.error ? *order.error : std::string(order.fault->error));
  return {.status = 302, .headers = {{"Location", with_field(std::move(uri), "state", form_value(query, "state"))}}};
}

http::Reply drop_request(const OAuthOrder&, const Passage&, OAuthFaults&) {
  return {.cut = http::Cut{}};
}

http::Reply drop_reply(const OAuthOrder&, const Passage& passage, OAuthFaults&) {
  auto reply = passage.deliver();
  reply.cut = http::Cut{};
  return reply;
}

http::Reply truncate_reply(const OAuthOrder&, const Passage& passage, OAuthFaults&) {
  auto reply = passage.deliver();
  reply.cut = http::Cut{.body_bytes = reply.body.size() / 2, .head = true};
  return reply;
}

http::Reply garble_reply(const OAuthOrder&, const Passage& passage, OAuthFaults&) {
  auto reply = passage.deliver();
  reply.body = "<html>";
  return reply;
}

http::Reply delay(const OAuthOrder& order, const Passage& passage, OAuthFaults& faults) {
  faults.pause(order.ms.value_or(1s));
  return passage.deliver();
}

http::Reply late_reply(const OAuthOrder& order, const Passage& passage, OAuthFaults& faults) {
  auto reply = passage.deliver();
  faults.pause(order.ms.value_or(1s));
  return reply;
}

constexpr std::string_view kLoginAgain = "The refresh_token is expired, was used before or is revoked";
constexpr std::string_view kNotRegistered =
    "Account {client} must be registered in the current region "
    "https://developer.tesla.com/docs/fleet-api/endpoints/partner-endpoints#register";
constexpr std::string_view kUnreachable =
    "Public key download failed for https://{domain}/.well-known/appspecific/com.tesla.3p.public-key.pem, error: "
    "Response status code does not indicate success: 404 (Not Found)";
constexpr std::string_view kBadDomain =
    "Invalid domain: {domain}. Ensure that domain is lowercase and starts without https://";

// fleet_api.md, sections C.3, C.5 and D.2.
constexpr OAuthFault kFaults[] = {
    {"drop_request", drop_request, Endpoint::token},
    {"drop_reply", drop_reply, Endpoint::token},
    {"truncate_reply", truncate_reply, Endpoint::token},
    {"garbage_reply", garble_reply, Endpoint::token},
    {"delay", delay, Endpoint::token},
    {"late_reply", late_reply, Endpoint::token},
    {"access_denied", deny, Endpoint::authorize, 403, "access_denied", "The user has denied access"},
    {"login_required", answer, Endpoint::token, 401, "login_required", kLoginAgain},
    {"invalid_grant", answer, Endpoint::token, 400, "invalid_grant", "The grant is invalid or expired"},
    {"invalid_client", answer, Endpoint::token, 401, "invalid_client", "The client_secret is wrong"},
    {"unauthorized_client", answer, Endpoint::token, 400, "unauthorized_client", "There is no such client_id"},
    {"invalid_auth_code", answer, Endpoint::token, 400, "invalid_auth_code", "The code is unknown, used or expired"},
    {"invalid_redirect_url", answer, Endpoint::token, 400, "invalid_redirect_url",
     "redirect_uri must be the one of the authorization, and http or https"},
    {"invalid_scope", answer, Endpoint::token, 400, "invalid_scope", "A scope is unknown or was not granted"},
    {"invalid_request", answer, Endpoint::token, 400, "invalid_request",
     "A field is missing, or the body is no application/x-www-form-urlencoded"},
    {"unsupported_grant_type", answer, Endpoint::token, 400, "unsupported_grant_type",
     "grant_type must be authorization_code, refresh_token or client_credentials"},
    {"unsupported_response_type", answer, Endpoint::authorize, 400, "unsupported_response_type",
     "response_type must be code"},
    {"not_registered", answer, Endpoint::public_key, 412, kNotRegistered},
    {"wrong_origin", answer, Endpoint::partner_accounts, 412,
     "Root domain {domain} must match registered allowed origin"},
    {"key_unreachable", answer, Endpoint::partner_accounts, 424, kUnreachable},
    {"key_taken", answer, Endpoint::partner_accounts, 422, "Validation failed: Public key hash has already been taken"},
    {"domain_taken", answer, Endpoint::partner_accounts, 422, "Validation failed: Domain has already been taken"},
    {"invalid_domain", answer, Endpoint::partner_accounts, 422, kBadDomain},
    {"not_partner", answer, Endpoint::partner_accounts, 403, "Expected partner account"},
    {"not_found", answer, Endpoint::public_key, 404, "not_found", "There is no such domain"},
    {"http_401", answer, Endpoint::partner_accounts, 401, "token expired (401)"},
    {"http_403", answer, Endpoint::partner_accounts, 403, "Unauthorized missing scopes"},
    {"http_429", answer, Endpoint::token, 429, "Too Many Requests"},
    {"http_500", answer, Endpoint::token, 500, "internal server error"},
    {"http_502", answer, Endpoint::token, 502, "bad gateway"},
    {"http_503", answer, Endpoint::token, 503, "service unavailable"},
    {"http_504", answer, Endpoint::token, 504, "gateway timeout"},
};

constexpr std::int64_t kLongestWait = 600'000;

bool is_within(const Json& value, std::int64_t least, std::int64_t most) {
  return value.is_number_integer() && value >= least && value <= most;
}

/// Each of these reads one member into an order, and says what is wrong with it or nothing.
std::string read_fault(const Json& value, OAuthOrder& order) {
  if (value.is_string()) order.fault = find_oauth_fault(value.get_ref<const std::string&>());
  if (order.fault != nullptr) return "";
  std::string names;
  for (const auto& row : kFaults) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return "\"fault\" must be one of: " + names;
}

std::string read_on(const Json& value, OAuthOrder& order) {
  if (value == "any") return "";
  std::string names = "any";
  for (const auto endpoint : kEndpoints) {
    if (value == name_of(endpoint)) order.on = endpoint;
    names += ", " + std::string(name_of(endpoint));
  }
  return order.on ? "" : "\"on\" must be one of: " + names;
}

std::string read_ms(const Json& value, OAuthOrder& order) {
  if (!is_within(value, 0, kLongestWait)) return "\"ms\" must be an integer from 0 to " + std::to_string(kLongestWait);
  order.ms = Milliseconds(value.get<std::int64_t>());
  return "";
}

std::string read_status(const Json& value, OAuthOrder& order) {
  if (!is_within(value, 400, 599)) return "\"status\" must be an integer from 400 to 599";
  order.status = value.get<int>();
  return "";
}

constexpr OrderMember<OAuthOrder> kMembers[] = {
    {"fault", read_fault},
    {"on", read_on},
    {"count", read_count<OAuthOrder>},
    {"ms", read_ms},
    {"error", read_error<OAuthOrder>},
    {"status", read_status},
};

}  // namespace

std::span<const OAuthFault> oauth_fault_rows() {
  return kFaults;
}

const OAuthFault* find_oauth_fault(std::string_view name) {
  return find_fault_in<OAuthFault>(kFaults, name);
}

http::Reply oauth_refusal(std::string_view name, Endpoint endpoint, const Subject& subject) {
  const auto& row = *find_oauth_fault(name);
  return refusal(endpoint, row.status, filled(row.error, subject), filled(row.description, subject));
}

crypto::Result<OAuthOrder, std::string> parse_oauth_order(const Json& body) {
  OAuthOrder order;
  if (auto problem = read_members<OAuthOrder>(body, kMembers, order); !problem.empty()) return problem;
  if (!body.contains("on")) order.on = order.fault->usual;
  return order;
}

Json OAuthFaults::report() const {
  Json orders = Json::array();
  for (const auto& order : pending()) {
    Json json{{"fault", order.fault->name}, {"count", order.count}, {"on", order.on ? name_of(*order.on) : "any"}};
    if (order.ms) json["ms"] = order.ms->count();
    if (order.error) json["error"] = *order.error;
    if (order.status) json["status"] = *order.status;
    orders.push_back(std::move(json));
  }
  return orders;
}

http::Reply OAuthFaults::pass(const Passage& passage) {
  const auto order =
      take_first([&](const OAuthOrder& each) { return each.on.value_or(passage.endpoint) == passage.endpoint; });
  return order ? order->fault->act(*order, passage, *this) : passage.deliver();
}

}  // namespace fleetsign::simulator
