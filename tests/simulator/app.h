// SPDX-License-Identifier: Apache-2.0
// An app at a fleet's OAuth server, asked over HTTP values as a listener would ask it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/private_key.h"
#include "simulator/fleet.h"
#include "simulator/form.h"

namespace fleetsign::test {

using Json = nlohmann::ordered_json;
using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string as_query(const Fields& fields) {
  std::string uri = "x";
  for (const auto& [name, value] : fields) uri = simulator::with_field(std::move(uri), name, value);
  return uri.substr(std::min(uri.size(), std::string("x?").size()));
}

/// The fields, with some replaced, or removed where the value is empty.
inline Fields with(Fields fields, const Fields& changes) {
  for (const auto& [name, value] : changes) {
    std::erase_if(fields, [&wanted = name](const auto& field) { return field.first == wanted; });
    if (!value.empty()) fields.emplace_back(name, value);
  }
  return fields;
}

/// What a token says of itself.
inline Json claims_in(const std::string& token) {
  const auto first = token.find('.');
  const auto claims = crypto::parse_base64url(token.substr(first + 1, token.find('.', first + 1) - first - 1));
  REQUIRE(claims);
  return Json::parse(crypto::as_text(*claims));
}

class App {
 public:
  explicit App(std::vector<simulator::OAuthClient> clients = {{"app", "secret"}, {"other", "other-secret"}})
      : fleet({.vehicles = 1,
               .enrolled_keys = {key.public_point()},
               .clock = [this] { return std::chrono::milliseconds(now_ms.load()); },
               .clients = std::move(clients)}) {}

  http::Reply send(const std::string& method, const std::string& target, const std::string& type = "",
                   const std::string& body = "", const std::string& token = "") {
    http::Request request;
    request.method = method;
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    request.query = mark == std::string::npos ? "" : target.substr(mark + 1);
    if (!type.empty()) request.headers.set("Content-Type", type);
    if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
    request.body = body;
    return fleet.handle(request);
  }

  http::Reply get(const std::string& target, const std::string& token = "") {
    return send("GET", target, "", "", token);
  }
  http::Reply post(const std::string& path, const Json& body, const std::string& token = "") {
    return send("POST", path, "application/json", body.dump(), token);
  }
  http::Reply post_form(const std::string& path, const Fields& fields) {
    return send("POST", path, "application/x-www-form-urlencoded", as_query(fields));
  }

  http::Reply authorize(const Fields& changes = {}) {
    const Fields usual{{"response_type", "code"},
                       {"client_id", "app"},
                       {"redirect_uri", redirect_uri},
                       {"scope", "openid offline_access vehicle_cmds"},
                       {"state", "s 1"}};
    return get("/oauth2/v3/authorize?" + as_query(with(usual, changes)));
  }

  /// A field of the query of the URI to which a reply leads.
  static std::string sent_back(const http::Reply& reply, const std::string& name) {
    REQUIRE(reply.status == 302);
    const auto& location = *reply.headers.find("Location");
    return simulator::form_value(location.substr(location.find('?') + 1), name);
  }

  http::Reply redeem(const std::string& code, const Fields& changes = {}) {
    const Fields usual{{"grant_type", "authorization_code"}, {"client_id", "app"},
                       {"client_secret", "secret"},          {"code", code},
                       {"redirect_uri", redirect_uri},       {"audience", audience}};
    return post_form("/oauth2/v3/token", with(usual, changes));
  }

  http::Reply refresh(const std::string& token, const Fields& changes = {}) {
    const Fields usual{{"grant_type", "refresh_token"}, {"client_id", "app"}, {"refresh_token", token}};
    return post_form("/oauth2/v3/token", with(usual, changes));
  }

  http::Reply partner(const Fields& changes = {}) {
    const Fields usual{{"grant_type", "client_credentials"},
                       {"client_id", "app"},
                       {"client_secret", "secret"},
                       {"audience", audience}};
    return post_form("/oauth2/v3/token", with(usual, changes));
  }

  static Json json_of(const http::Reply& reply) {
    REQUIRE(*reply.headers.find("Content-Type") == "application/json");
    return Json::parse(reply.body);
  }
  /// The body of a reply that must be a success.
  static Json good(const http::Reply& reply) {
    REQUIRE(reply.status == 200);
    return json_of(reply);
  }
  static std::string text(const Json& json, const char* name) { return json.at(name).get<std::string>(); }

  Json login(const Fields& changes = {}) { return good(redeem(sent_back(authorize(changes), "code"))); }
  std::string partner_token(const Fields& changes = {}) { return text(good(partner(changes)), "access_token"); }

  void set(const Json& settings) { good(post("/sim/v1/oauth", settings)); }
  void order(const Json& fault) { good(post("/sim/v1/oauth/faults", fault)); }
  void pass(std::chrono::milliseconds time) { now_ms += time.count(); }

  const std::string redirect_uri = "http://127.0.0.1:8080/back?x=1";
  const std::string audience = "https://fleet-api.prd.eu.vn.cloud.tesla.com";
  const std::string vin = "5YJS0000000000001";
  crypto::PrivateKey key = crypto::PrivateKey::generate();
  std::atomic<std::int64_t> now_ms{0};
  simulator::Fleet fleet;
};

/// The status and the error of a reply that must be none of success.
inline void check_refused(const http::Reply& reply, int status, const std::string& error) {
  CHECK(reply.status == status);
  CHECK(App::json_of(reply).at("error") == error);
}

}  // namespace fleetsign::test
