// SPDX-License-Identifier: Apache-2.0
// Who is let in, and with whose token requests go on.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/api/keyed.h"

namespace fleetsign::api {
namespace {

using fleetsign::test::token_of;
using test::ApiBench;
using test::check_failure;
using test::House;

const std::string kRead = "/api/1/products";

/// Callers with an account, whose token stands in a file.
class Household {
 public:
  std::string add(const std::string& name) const {
    return bench.client_desk.add(R"({"name": ")" + name + "\"}")->at("key").get<std::string>();
  }
  /// A request whose only credential is the key.
  static http::Request keyed_request(const std::string& method, const std::string& target, const std::string& key) {
    auto request = ApiBench::request(method, target);
    request.headers.set("Authorization", "Bearer " + key);
    return request;
  }

  crypto::test::TemporaryFolder folder{};
  const std::filesystem::path token = folder.write("token", "managed\n");
  ApiBench bench{{},
                 {},
                 House{.callers = {{.name = "wall", .account = "home"}, {.name = "panel", .account = "home"}},
                       .accounts = {{"home", {.access_token_file = token}}}}};
};

TEST_CASE("callers: who brings no token acts with that of its account, and with its own where it brings one") {
  Household home;
  home.bench.client.stand_between([](const auto&) { return fleetsign::test::answered(200, "{}"); });
  const auto key = home.add("wall");
  auto request = Household::keyed_request("GET", kRead, key);
  CHECK(home.bench.api.handle(request).status == 200);
  request.headers.set("Authorization", "Bearer own");
  request.headers.set("X-Authorization", "Bearer " + key);
  CHECK(home.bench.api.handle(request).status == 200);
  const auto sent = home.bench.client.requests();
  REQUIRE(sent.size() == 2);
  CHECK(token_of(sent[0]) == "managed");
  CHECK(token_of(sent[1]) == "own");
  for (const auto& one : sent) {
    for (const auto& field : one.headers) {
      CAPTURE(field.name);
      CHECK(field.value.find("fsk_") == std::string::npos);
    }
  }
}

TEST_CASE("callers: a command of a caller without a token is signed and carried out with its account's") {
  Household home;
  const auto reply =
      home.bench.api.handle(Household::keyed_request("POST", home.bench.command_path("honk_horn"), home.add("wall")));
  CHECK(reply.status == 200);
  for (const auto& sent : home.bench.client.requests()) CHECK(token_of(sent) == "managed");
}

TEST_CASE("callers: who has no account gets no further than our own paths") {
  Household home;
  const auto key = home.add("guest");
  CHECK(home.bench.api.handle(Household::keyed_request("GET", "/fleetsign/v1/commands", key)).status == 200);
  for (const auto& target :
       {kRead, std::string("/api/1/partner_accounts"), "/fleetsign/v1/vehicles/" + home.bench.vin + "/diagnosis"}) {
    CAPTURE(target);
    const auto reply = home.bench.api.handle(Household::keyed_request("GET", target, key));
    check_failure(reply, 401, "not_authenticated", "no");
    CHECK(ApiBench::json_of(reply).at("error") == "this caller has no account that it could use");
  }
  check_failure(home.bench.api.handle(Household::keyed_request("POST", home.bench.command_path("honk_horn"), key)), 401,
                "not_authenticated", "no");
  CHECK(home.bench.client.requests().empty());
}

TEST_CASE("callers: an account without a token is told by its file, and nothing is sent") {
  Household home;
  const auto key = home.add("wall");
  std::filesystem::remove(home.token);
  const auto reply = home.bench.api.handle(Household::keyed_request("GET", kRead, key));
  check_failure(reply, 503, "state_unavailable", "no");
  CHECK(reply.body.find(home.token.string()) != std::string::npos);
  CHECK(home.bench.client.requests().empty());
}

TEST_CASE("callers: strangers with a key get one answer, whatever is wrong with it") {
  Household home;
  const auto revoked = home.add("revoked");
  REQUIRE(home.bench.client_desk.revoke("revoked").ok());
  const auto expired =
      home.bench.client_desk.add(R"({"name": "expired", "lifetime": 1})")->at("key").get<std::string>();
  home.bench.unix_now += 1;
  auto wrong = home.add("wall");
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  std::set<std::string> bodies;
  for (const auto& key :
       {revoked, expired, wrong, "fsk_" + std::string(56, 'A'), std::string("fsk_"), std::string("fsk_x")}) {
    auto request = Household::keyed_request("GET", kRead, key);
    request.headers.set("X-Request-Id", "r");
    const auto reply = home.bench.api.handle(request);
    CHECK(reply.status == 401);
    CHECK(*reply.headers.find("WWW-Authenticate") == "Bearer");
    std::string seen = reply.body;
    for (const auto& [name, value] : reply.headers) seen += '\n' + name + ": " + value;
    bodies.insert(seen);
  }
  CHECK(bodies.size() == 1);
  CHECK(home.bench.client.requests().empty());
}

TEST_CASE("callers: two that use one account have each their own Idempotency-Keys") {
  Household home;
  const auto send = [&](const std::string& key) {
    auto request = Household::keyed_request("POST", home.bench.command_path("honk_horn"), key);
    request.headers.add("Idempotency-Key", "same");
    return home.bench.api.handle(request);
  };
  const auto wall = home.add("wall");
  const auto panel = home.add("panel");
  CHECK_FALSE(test::is_replayed(send(wall)));
  CHECK_FALSE(test::is_replayed(send(panel)));
  CHECK(test::is_replayed(send(wall)));
  CHECK(test::is_replayed(send(panel)));
}

TEST_CASE("callers: what a proxy has passed on is refused, but where it is for everybody") {
  const ApiBench bench;
  for (const auto& [target, status] : {std::pair<std::string, int>{kRead, 403},
                                       {"/fleetsign/v1/status", 403},
                                       {"/metrics", 403},
                                       {"/health", 200},
                                       {"/.well-known/appspecific/com.tesla.3p.public-key.pem", 200}}) {
    const auto& shown = target;
    CAPTURE(shown);
    auto request = ApiBench::request("GET", target);
    request.headers.add("X-Forwarded-For", "192.0.2.1");
    CHECK(bench.api.handle(request).status == status);
  }
}

TEST_CASE("callers: at a place for known callers a Tesla token lets nobody in, and a key does") {
  ApiBench bench({.doors = {{.known_only = true}}});
  CHECK(bench.send("GET", "/fleetsign/v1/status").status == 401);
  auto request = ApiBench::request("GET", "/fleetsign/v1/status");
  request.headers.add("X-Authorization",
                      "Bearer " + bench.client_desk.add(R"({"name": "wall"})")->at("key").get<std::string>());
  CHECK(bench.api.handle(request).status == 200);
}

TEST_CASE("callers: keys are given and taken at the admin socket, and nowhere else") {
  ApiBench bench({.endpoints = {config::Serve::all, config::Serve::admin}, .doors = {{}, {}}});
  const auto ask = [&](const std::string& method, const std::string& target, const std::string& body, std::size_t at) {
    auto request = ApiBench::request(method, target, body);
    request.endpoint = at;
    return bench.api.handle(request);
  };
  CHECK(ask("POST", "/admin/v1/clients", R"({"name": "wall"})", 0).status == 404);
  const auto added = ask("POST", "/admin/v1/clients", R"({"name": "wall"})", 1);
  CHECK(added.status == 200);
  const auto key = ApiBench::json_of(added).at("key").get<std::string>();
  CHECK(bench.api.handle(Household::keyed_request("GET", "/fleetsign/v1/status", key)).status == 200);
  CHECK(ask("GET", "/admin/v1/clients", {}, 0).status == 404);
  CHECK(ApiBench::json_of(ask("GET", "/admin/v1/clients", {}, 1)).at("clients").size() == 1);
  CHECK(ask("DELETE", "/admin/v1/clients/other", {}, 1).status == 404);
  CHECK(ask("DELETE", "/admin/v1/clients/wall", {}, 0).status == 404);
  CHECK(ask("DELETE", "/admin/v1/clients/wall", {}, 1).status == 200);
  CHECK(bench.api.handle(Household::keyed_request("GET", "/fleetsign/v1/status", key)).status == 401);
}

}  // namespace
}  // namespace fleetsign::api
