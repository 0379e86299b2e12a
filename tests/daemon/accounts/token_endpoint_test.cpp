// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/token_endpoint.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "crypto/bytes.h"
#include "daemon/accounts/refresh_times.h"
#include "daemon/ops/clock.h"
#include "tests/daemon/support/fleet_client.h"

namespace fleetsign::accounts {
namespace {

using namespace std::chrono_literals;
using test::FleetClient;
using Kind = TokenError::Kind;

const std::string kHost = "http://127.0.0.1:4481";
constexpr const char* kRedirect = "http://127.0.0.1:4482/callback";

/// The simulator's OAuth server, which is written from the facts by itself, and an app of its.
struct Server {
  simulator::Fleet fleet{{.clients = {{.id = "app", .secret = "word"}}}};
  FleetClient client{fleet};
  TokenEndpoint endpoint = of_app("app");
  ClientSecret secret = *ClientSecret::read("word");
  protocol::Instant deadline = ops::boot_now() + 30s;

  TokenEndpoint of_app(const std::string& id) {
    config::OAuth oauth;
    oauth.token_url = kHost + "/oauth2/v3/token";
    return {client, oauth_urls(oauth, false), id};
  }
  AuthorizationCode code() {
    const auto answer = client.send(
        {.method = "GET",
         .url = kHost + "/oauth2/v3/authorize?response_type=code&client_id=app&state=s&redirect_uri=http%3A%2F%2F"
                        "127.0.0.1%3A4482%2Fcallback&scope=openid%20offline_access%20vehicle_cmds",
         .deadline = deadline});
    const auto location = *std::get<upstream::Delivered>(answer).headers.find("Location");
    const auto begin = location.find("code=") + 5;
    return *AuthorizationCode::read(location.substr(begin, location.find('&', begin) - begin));
  }
  Grant login() {
    auto grant = endpoint.exchange(code(), secret, kRedirect, kHost, deadline);
    REQUIRE(grant);
    return *std::move(grant);
  }
  void answer(upstream::Answer with) {
    client.stand_between([with = std::move(with)](const auto&) { return std::optional(with); });
  }
  TokenError refused() {
    const auto grant = endpoint.refresh(*RefreshToken::read("r"), deadline);
    REQUIRE_FALSE(grant);
    return grant.error();
  }
};

TEST_CASE("token endpoint: a code gives a token of both kinds, and how long the one is good") {
  Server server;
  const auto grant = server.login();
  REQUIRE(grant.refresh);
  CHECK(grant.lifetime == 28'800s);
  CHECK_FALSE(grant.access.expose().empty());
}

TEST_CASE("token endpoint: a refresh gives others, and shows no secret of the app's") {
  Server server;
  const auto first = server.login();
  server.client.forget_requests();
  const auto second = server.endpoint.refresh(*first.refresh, server.deadline);
  REQUIRE(second);
  CHECK(second->refresh->expose() != first.refresh->expose());
  CHECK(second->access.expose() != first.access.expose());
  const auto sent = server.client.requests();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].body.find("word") == std::string::npos);
  CHECK(sent[0].url == kHost + "/oauth2/v3/token");
}

TEST_CASE("token endpoint: a token that is used up needs a login") {
  Server server;
  const auto first = server.login();
  const auto second = server.endpoint.refresh(*first.refresh, server.deadline);
  REQUIRE(second);
  REQUIRE(server.endpoint.refresh(*second->refresh, server.deadline));
  const auto third = server.endpoint.refresh(*first.refresh, server.deadline);
  REQUIRE_FALSE(third);
  CHECK(third.error().kind == Kind::login_required);
  CHECK_FALSE(third.error().hint.empty());
}

TEST_CASE("token endpoint: an app gets a token of its own") {
  Server server;
  const auto grant = server.endpoint.partner(server.secret, kHost, {"openid", "vehicle_cmds"}, server.deadline);
  REQUIRE(grant);
  CHECK_FALSE(grant->refresh);
  const auto refused = server.endpoint.partner(*ClientSecret::read("other"), kHost, {}, server.deadline);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == Kind::refused);
  CHECK(refused.error().message.find("secret") != std::string::npos);
}

TEST_CASE("token endpoint: a revoked token is good no more") {
  Server server;
  const auto grant = server.login();
  CHECK_FALSE(server.endpoint.revoke(*grant.refresh, server.deadline));
  const auto after = server.endpoint.refresh(*grant.refresh, server.deadline);
  REQUIRE_FALSE(after);
  CHECK(after.error().kind == Kind::login_required);
}

TEST_CASE("token endpoint: what was not sent is told from what may have been done") {
  Server server;
  server.answer(test::unreachable());
  CHECK(server.refused().kind == Kind::unreachable);
  server.answer(test::lost());
  CHECK(server.refused().kind == Kind::lost);
  for (const char* body : {"", "{", "[]", "{}", R"({"access_token":"a","refresh_token":"b"})",
                           R"({"access_token":"a b","refresh_token":"b","expires_in":28800})",
                           R"({"access_token":"a","refresh_token":"b","expires_in":0})",
                           R"({"access_token":"a","refresh_token":"b","expires_in":28800.5})",
                           R"({"access_token":"a","refresh_token":"b","expires_in":"28800"})",
                           R"({"access_token":"a","refresh_token":"b","expires_in":1e300})"}) {
    CAPTURE(body);
    server.answer(test::answered(200, body));
    CHECK(server.refused().kind == Kind::lost);
  }
  server.answer(test::answered(302));
  CHECK(server.refused().kind == Kind::lost);
}

TEST_CASE("token endpoint: each refusal is told apart, in words that hold nothing of the server's") {
  Server server;
  const auto refuse = [&](int status, const std::string& error) {
    server.answer(test::answered(status, R"({"error":")" + error + R"(","error_description":"planted"})"));
    const auto refused = server.refused();
    CHECK((refused.message + refused.hint).find("planted") == std::string::npos);
    return refused;
  };
  CHECK(refuse(401, "login_required").kind == Kind::login_required);
  CHECK(refuse(400, "invalid_grant").kind == Kind::login_required);
  CHECK(refuse(401, "invalid_client").kind == Kind::refused);
  CHECK(refuse(400, "invalid_scope").kind == Kind::refused);
  CHECK(refuse(403, "another_one").message.find("(another_one)") != std::string::npos);
  CHECK(refuse(403, "Planted-Code planted").message.find("403") != std::string::npos);
  CHECK(refuse(503, "x").kind == Kind::unavailable);
}

TEST_CASE("token endpoint: what a refusal means is told by what was offered") {
  Server server;
  for (const char* error : {"invalid_grant", "login_required"}) {
    CAPTURE(error);
    server.answer(test::answered(400, R"({"error":")" + std::string(error) + "\"}"));
    const auto refreshed = server.refused();
    CHECK(refreshed.kind == Kind::login_required);
    CHECK(refreshed.hint.find("fleetsign login") != std::string::npos);

    const auto code = *AuthorizationCode::read("c");
    const auto exchanged = server.endpoint.exchange(code, server.secret, kRedirect, kHost, server.deadline);
    REQUIRE_FALSE(exchanged);
    CHECK(exchanged.error().kind == Kind::login_required);
    CHECK(exchanged.error().message == "Tesla does not take the code of this login");
    CHECK(exchanged.error().hint.find("redirect URI") != std::string::npos);

    const auto partner = server.endpoint.partner(server.secret, kHost, {}, server.deadline);
    REQUIRE_FALSE(partner);
    CHECK(partner.error().kind == Kind::refused);
    CHECK(partner.error().message.find("this app") != std::string::npos);
    CHECK(partner.error().hint.find("login") == std::string::npos);
  }
}

TEST_CASE("token endpoint: an answer with all that is needed is not wasted, however it says it") {
  Server server;
  const auto refreshed = [&](const std::string& body) {
    server.answer(test::answered(200, body));
    auto grant = server.endpoint.refresh(*RefreshToken::read("present"), server.deadline);
    REQUIRE(grant);
    return *std::move(grant);
  };
  const auto present = refreshed(R"({"access_token":"a","expires_in":28800})");
  CHECK(present.refresh->expose() == "present");
  CHECK(refreshed(R"({"access_token":"a","refresh_token":"b","expires_in":28800.0})").lifetime == 28'800s);

  const auto with_end = [](std::int64_t end) {
    const auto claims = R"({"exp":)" + std::to_string(end) + "}";
    return R"({"access_token":"e30.)" + crypto::to_base64url(crypto::as_bytes(claims)) +
           R"(.c2ln","refresh_token":"b"})";
  };
  const auto said_by_itself = refreshed(with_end(ops::unix_now() + 3'600)).lifetime;
  CHECK(said_by_itself <= 3'600s);
  CHECK(said_by_itself > 3'500s);
  CHECK(refreshed(with_end(1'000'000'000'000'000)).lifetime == kLongestLifetime);
  server.answer(test::answered(200, with_end(ops::unix_now() - 60)));
  CHECK(server.refused().kind == Kind::lost);
}

TEST_CASE("token endpoint: who asks too often is told when to come back") {
  Server server;
  server.answer(upstream::Delivered{.status = 429, .headers = {{"Retry-After", "7"}}});
  CHECK(server.refused().kind == Kind::rate_limited);
  CHECK(server.refused().retry_after == 7s);
  server.answer(upstream::Delivered{.status = 429, .headers = {{"Retry-After", "soon"}}});
  CHECK_FALSE(server.refused().retry_after);
}

TEST_CASE("token endpoint: China has its own hosts, and what is configured goes before") {
  CHECK(oauth_urls({}, false).token == "https://fleet-auth.prd.vn.cloud.tesla.com/oauth2/v3/token");
  CHECK(oauth_urls({}, false).revoke == "https://fleet-auth.prd.vn.cloud.tesla.com/oauth2/v3/revoke");
  CHECK(oauth_urls({}, false).authorize == "https://auth.tesla.com/oauth2/v3/authorize");
  CHECK(oauth_urls({}, true).token == "https://auth.tesla.cn/oauth2/v3/token");
  config::OAuth oauth;
  oauth.authorize_url = "https://login.example/a";
  CHECK(oauth_urls(oauth, true).authorize == "https://login.example/a");
}

}  // namespace
}  // namespace fleetsign::accounts
