// SPDX-License-Identifier: Apache-2.0
#include "simulator/partner_endpoints.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "simulator/form.h"

namespace fleetsign::simulator {
namespace {

/// Lets a request through to `answer`, which is told of whom it is, unless its token is a user's.
http::Reply as_partner(Garage& garage, const http::Request& request, Endpoint endpoint, std::string domain,
                       const std::function<http::Reply(const Subject&)>& answer) {
  auto& authority = garage.authority();
  const auto bearer = authority.tokens.find(bearer_of(request), garage.unix_time());
  const Subject subject{.client_id = authority.client_of(request, garage.unix_time()), .domain = std::move(domain)};
  return authority.faults.pass({.endpoint = endpoint, .request = request, .subject = subject, .deliver = [&] {
                                  const bool is_users = bearer && bearer->holder == Holder::user;
                                  return is_users ? oauth_refusal("not_partner", endpoint, subject) : answer(subject);
                                }});
}

std::string domain_in(const Json& body) {
  const auto domain = body.is_object() ? body.find("domain") : body.end();
  return domain != body.end() && domain->is_string() ? domain->get<std::string>() : std::string();
}

}  // namespace

http::Reply register_partner(Garage& garage, const http::Request& request) {
  const auto body = json_body(request);
  if (!body) return error_reply(406, usual_error(406));
  const auto answer = [&](const Subject& subject) {
    const auto now = std::chrono::floor<std::chrono::seconds>(garage.unix_time());
    const auto account = garage.authority().accounts.add(subject.client_id, subject.domain, now);
    if (!account) return oauth_refusal(account.error(), Endpoint::partner_accounts, subject);
    return json_reply(200, {{"response", to_json(*account)}});
  };
  return as_partner(garage, request, Endpoint::partner_accounts, domain_in(*body), answer);
}

http::Reply partner_public_key(Garage& garage, const http::Request& request) {
  const auto answer = [&](const Subject& subject) {
    const auto account = garage.authority().accounts.find(subject.client_id, subject.domain);
    if (!account) return oauth_refusal(account.error(), Endpoint::public_key, subject);
    return json_reply(200, {{"response", {{"public_key", crypto::to_hex(account->public_key)}}}});
  };
  return as_partner(garage, request, Endpoint::public_key, form_value(request.query, "domain"), answer);
}

}  // namespace fleetsign::simulator
