// SPDX-License-Identifier: Apache-2.0
#include "simulator/oauth_server.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/simulator/app.h"

namespace {

using fleetsign::test::App;
using fleetsign::test::check_refused;
using fleetsign::test::claims_in;
using fleetsign::test::Fields;
using fleetsign::test::Json;

}  // namespace

TEST_CASE("oauth: a browser is sent back at once with a code and the state") {
  App app;
  const auto reply = app.authorize();
  CHECK(App::sent_back(reply, "code").starts_with("NA_"));
  CHECK(App::sent_back(reply, "state") == "s 1");
  CHECK(App::sent_back(reply, "x") == "1");
  CHECK(reply.headers.find("Location")->starts_with("http://127.0.0.1:8080/back?"));
}

TEST_CASE("oauth: what a browser cannot be sent back with is told to the user") {
  App app;
  check_refused(app.authorize({{"client_id", "nobody"}}), 400, "unauthorized_client");
  check_refused(app.authorize({{"client_id", ""}}), 400, "unauthorized_client");
  check_refused(app.authorize({{"redirect_uri", "http://a/\r\nX: y"}}), 400, "invalid_redirect_url");
  check_refused(app.authorize({{"redirect_uri", ""}}), 400, "invalid_redirect_url");
  check_refused(app.authorize({{"state", ""}}), 400, "invalid_request");
  check_refused(app.authorize({{"scope", ""}}), 400, "invalid_request");
  check_refused(app.authorize({{"nonce", std::string(2'000, 'x')}}), 400, "invalid_request");
}

TEST_CASE("oauth: a browser is sent back with what is wrong otherwise") {
  App app;
  CHECK(App::sent_back(app.authorize({{"response_type", "token"}}), "error") == "unsupported_response_type");
  CHECK(App::sent_back(app.authorize({{"scope", "openid all"}}), "error") == "invalid_scope");
  CHECK(App::sent_back(app.authorize({{"scope", "vehicle_specs"}}), "error") == "invalid_scope");
  CHECK(App::sent_back(app.authorize({{"scope", "x"}}), "state") == "s 1");
}

TEST_CASE("oauth: a code gives tokens that say whose they are, for what and how long") {
  App app;
  const auto tokens = app.login({{"login_hint", "anna"}, {"nonce", "n1"}});
  CHECK(tokens.at("token_type") == "Bearer");
  CHECK(tokens.at("expires_in") == 28'800);
  CHECK(tokens.at("state") == "s 1");
  CHECK(App::text(tokens, "refresh_token").starts_with("EU_"));
  const auto claims = claims_in(App::text(tokens, "access_token"));
  CHECK(claims.at("sub") == "anna");
  CHECK(claims.at("ou_code") == "EU");
  CHECK(claims.at("aud").at(0) == app.audience);
  CHECK(claims.at("scp") == Json{"openid", "offline_access", "vehicle_cmds"});
  CHECK(claims.at("exp").get<int>() - claims.at("iat").get<int>() == 28'800);
  const auto id = claims_in(App::text(tokens, "id_token"));
  CHECK(id.at("aud") == "app");
  CHECK(id.at("nonce") == "n1");
}

TEST_CASE("oauth: there is a refresh token for offline_access only, and an id token for openid") {
  App app;
  const auto tokens = app.login({{"scope", "vehicle_cmds"}});
  CHECK_FALSE(tokens.contains("refresh_token"));
  CHECK_FALSE(tokens.contains("id_token"));
}

TEST_CASE("oauth: a code is good once, for ten minutes, for its app and its redirect URI") {
  App app;
  const auto code = App::sent_back(app.authorize(), "code");
  check_refused(app.redeem(code, {{"redirect_uri", "http://127.0.0.1/other"}}), 400, "invalid_redirect_url");
  check_refused(app.redeem(code, {{"client_id", "other"}, {"client_secret", "other-secret"}}), 400,
                "invalid_auth_code");
  check_refused(app.redeem(code, {{"scope", "energy_cmds"}}), 400, "invalid_scope");
  CHECK(app.redeem(code).status == 200);
  check_refused(app.redeem(code), 400, "invalid_auth_code");

  const auto late = App::sent_back(app.authorize(), "code");
  app.pass(std::chrono::minutes(10));
  check_refused(app.redeem(late), 400, "invalid_auth_code");
}

TEST_CASE("oauth: an app proves itself with its secret, but not to refresh") {
  App app;
  check_refused(app.redeem("x", {{"client_secret", "wrong"}}), 401, "invalid_client");
  check_refused(app.redeem("x", {{"client_id", "nobody"}}), 400, "unauthorized_client");
  check_refused(app.partner({{"client_secret", "other-secret"}}), 401, "invalid_client");
  CHECK(app.refresh(App::text(app.login(), "refresh_token")).status == 200);
}

TEST_CASE("oauth: without apps of its own the server knows all of them") {
  App app(std::vector<fleetsign::simulator::OAuthClient>{});
  CHECK(app.partner({{"client_id", "anyone"}, {"client_secret", "anything"}}).status == 200);
  check_refused(app.partner({{"client_secret", ""}}), 400, "invalid_request");
}

TEST_CASE("oauth: a request without a field that its grant needs, or that is no form, is invalid") {
  App app;
  for (const char* field : {"client_id", "client_secret", "code", "redirect_uri", "audience", "grant_type"}) {
    CAPTURE(field);
    check_refused(app.redeem("x", {{field, ""}}), 400, "invalid_request");
  }
  check_refused(app.refresh(""), 400, "invalid_request");
  check_refused(app.partner({{"audience", "fleet-api"}}), 400, "invalid_request");
  check_refused(app.partner({{"grant_type", "password"}}), 400, "unsupported_grant_type");
  check_refused(app.send("POST", "/oauth2/v3/token", "application/json", "{}"), 400, "invalid_request");
  check_refused(app.send("POST", "/oauth2/v3/token"), 400, "invalid_request");
}

TEST_CASE("oauth: a partner's token has no refresh token, and scopes of partners too") {
  App app;
  const auto tokens = App::good(app.partner({{"scope", "openid vehicle_specs"}}));
  CHECK(tokens.size() == 3);
  const auto claims = claims_in(App::text(tokens, "access_token"));
  CHECK(claims.at("sub") == "app");
  CHECK(claims.at("gty") == "client-credentials");
  CHECK(claims.at("scp") == Json{"openid", "vehicle_specs"});
  check_refused(app.partner({{"scope", "everything"}}), 400, "invalid_scope");
}

TEST_CASE("oauth: a refresh token can ask for fewer scopes than were granted, and not for more") {
  App app;
  const auto token = App::text(app.login(), "refresh_token");
  check_refused(app.refresh(token, {{"scope", "energy_cmds"}}), 400, "invalid_scope");
  const auto fewer = App::good(app.refresh(token, {{"scope", "vehicle_cmds"}}));
  CHECK(claims_in(App::text(fewer, "access_token")).at("scp").size() == 1);
  const auto all = App::good(app.refresh(App::text(fewer, "refresh_token")));
  CHECK(claims_in(App::text(all, "access_token")).at("scp").size() == 3);
}

TEST_CASE("oauth: a refresh token whose reply was lost is taken once more, and leads on") {
  App app;
  const auto token = App::text(app.login(), "refresh_token");
  app.order({{"fault", "drop_reply"}});
  const auto lost = app.refresh(token);
  REQUIRE(lost.cut);
  CHECK_FALSE(lost.cut->head);
  const auto again = App::good(app.refresh(token));
  check_refused(app.refresh(App::text(Json::parse(lost.body), "refresh_token")), 401, "login_required");
  CHECK(app.refresh(App::text(again, "refresh_token")).status == 200);
  check_refused(app.refresh(token), 401, "login_required");
}

TEST_CASE("oauth: a revoked refresh token ends its grant, and a revoked access token itself only") {
  App app;
  app.set({{"enforce", true}});
  const auto tokens = app.login();
  const auto revoke = [&](const std::string& token) {
    return app.post_form("/oauth2/v3/revoke", {{"token", token}}).status;
  };
  const auto vehicles = [&](const Json& of) {
    return app.get("/api/1/vehicles", App::text(of, "access_token")).status;
  };
  CHECK(vehicles(tokens) == 200);
  CHECK(revoke(App::text(tokens, "access_token")) == 200);
  CHECK(vehicles(tokens) == 401);
  const auto renewed = App::good(app.refresh(App::text(tokens, "refresh_token")));
  CHECK(vehicles(renewed) == 200);
  CHECK(revoke(App::text(renewed, "refresh_token")) == 200);
  CHECK(vehicles(renewed) == 401);
  check_refused(app.refresh(App::text(renewed, "refresh_token")), 401, "login_required");
  CHECK(revoke("unknown") == 200);
  check_refused(app.post_form("/oauth2/v3/revoke", {}), 400, "invalid_request");
}

TEST_CASE("oauth: an app has so many requests a second") {
  App app;
  for (int i = 0; i < 20; ++i) REQUIRE(app.partner().status == 200);
  const auto reply = app.partner();
  check_refused(reply, 429, "Too Many Requests");
  CHECK(*reply.headers.find("Retry-After") == "1");
  CHECK(app.partner({{"client_id", "other"}, {"client_secret", "other-secret"}}).status == 200);
  app.pass(std::chrono::seconds(1));
  CHECK(app.partner().status == 200);
}

TEST_CASE("oauth: other paths and methods are refused, and every request is counted") {
  App app;
  check_refused(app.get("/oauth2/v3/nothing"), 404, "not_found");
  const auto reply = app.get("/oauth2/v3/token");
  check_refused(reply, 405, "Method Not Allowed");
  CHECK(*reply.headers.find("Allow") == "POST");
  app.login();
  app.partner();
  const auto endpoints = App::good(app.get("/sim/v1/requests")).at("endpoints");
  CHECK(endpoints.at("authorize").at("total") == 1);
  CHECK(endpoints.at("token").at("total") == 2);
  CHECK(endpoints.at("revoke").at("total") == 0);
}
