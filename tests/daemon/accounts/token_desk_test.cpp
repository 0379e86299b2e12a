// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/token_desk.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "crypto/bytes.h"
#include "daemon/accounts/refresh_times.h"
#include "tests/daemon/accounts/accounts_bench.h"

namespace fleetsign::accounts {
namespace {

using Json = nlohmann::ordered_json;
using protocol::Kind;
using test::Bench;

struct Desk {
  [[nodiscard]] std::string access() const {
    const auto token = accounts.token_of("home", bench.now);
    return token ? std::string(token->expose()) : "";
  }

  Bench bench{};
  Accounts accounts{{{"car", {.access_token_file = "/nowhere"}}, {"home", {}}}, *bench.kept, bench.times};
  TokenDesk desk{accounts, bench.times.unix_now};
};

std::string jwt(const Json& claims) {
  return "e30." + crypto::to_base64url(crypto::as_bytes(claims.dump())) + ".c2ln";
}

TEST_CASE("token desk: what the OAuth server answered is stored, used, and told of without a token") {
  const Desk desk;
  const auto stored = desk.desk.store(
      "home",
      R"({"refresh_token":"r1","access_token":"a1","expires_in":3600,"scope":"openid vehicle_cmds","id_token":1})");
  REQUIRE(stored.ok());
  CHECK(stored->dump() ==
        R"({"name":"home","kind":"managed","state":"ok","expires":1700004600,"scopes":"openid vehicle_cmds",)"
        R"("refreshed":1700001000,"trouble":null,"encrypted":false})");
  CHECK(desk.access() == "a1");
  const auto all = desk.desk.all();
  CHECK(all["accounts"][0]["kind"] == "file");
  CHECK(all["accounts"][0]["state"] == "trouble");
  CHECK(all["accounts"][1] == *stored);
}

TEST_CASE("token desk: an access token may say itself how long it is good, and for what") {
  const Desk desk;
  const auto access = jwt({{"exp", desk.bench.unix_now() + 60}, {"scp", {"vehicle_cmds", "openid"}}});
  const auto stored = desk.desk.store("home", Json{{"refresh_token", "r"}, {"access_token", access}}.dump());
  REQUIRE(stored.ok());
  CHECK(stored->at("expires") == desk.bench.unix_now() + 60);
  CHECK(stored->at("scopes") == "openid vehicle_cmds");
  CHECK(desk.access() == access);
}

TEST_CASE("token desk: no access token is believed to be good for ages") {
  const Desk desk;
  const auto access = jwt({{"exp", 1'000'000'000'000'000}});
  const auto stored = desk.desk.store("home", Json{{"refresh_token", "r"}, {"access_token", access}}.dump());
  REQUIRE(stored.ok());
  CHECK(stored->at("expires") == desk.bench.unix_now() + kLongestLifetime.count());
  CHECK(desk.access() == access);
}

TEST_CASE("token desk: of an access token of which nobody knows how long it is good, another is got") {
  const Desk desk;
  const auto stored = desk.desk.store("home", R"({"refresh_token":"r","access_token":"opaque"})");
  REQUIRE(stored.ok());
  CHECK(stored->at("state") == "imported");
  CHECK(desk.access().empty());
}

TEST_CASE("token desk: what is no grant is refused in words that repeat none of it, and changes nothing") {
  const Desk desk;
  REQUIRE(desk.desk.store("home", R"({"refresh_token":"r1","access_token":"a1","expires_in":3600})").ok());
  for (const std::string body :
       {R"(secret)", R"([])", R"({"access_token":"secret"})", R"({"refresh_token":"two secrets"})",
        R"({"refresh_token":7})", R"({"refresh_token":"secret","access_token":"two secrets"})",
        R"({"refresh_token":"secret","access_token":"secret","expires_in":0})",
        R"({"refresh_token":"secret","access_token":"secret","expires_in":"secret"})",
        R"({"refresh_token":"secret","scope":"secret\n"})"}) {
    CAPTURE(body);
    const auto stored = desk.desk.store("home", body);
    REQUIRE_FALSE(stored.ok());
    CHECK(stored.error().kind == Kind::bad_request);
    CHECK((stored.error().message + stored.error().hint).find("secret") == std::string::npos);
    CHECK(desk.access() == "a1");
  }
}

TEST_CASE("token desk: only managed accounts have tokens here") {
  const Desk desk;
  const std::string grant = R"({"refresh_token":"r"})";
  CHECK(desk.desk.store("car", grant).error().kind == Kind::bad_request);
  CHECK(desk.desk.store("other", grant).error().kind == Kind::not_found);
  CHECK(desk.desk.forget("car").error().kind == Kind::bad_request);
  CHECK(desk.desk.forget("other").error().kind == Kind::not_found);
  CHECK(desk.desk.begin_revocation("car").error().kind == Kind::bad_request);
  CHECK(desk.desk.forget_revoked("car", grant).error().kind == Kind::bad_request);
  CHECK(desk.desk.call_off_revocation("other").error().kind == Kind::not_found);
}

TEST_CASE("token desk: forgotten tokens are shown once, for somebody to revoke them") {
  const Desk desk;
  REQUIRE(desk.desk.store("home", R"({"refresh_token":"r1"})").ok());
  const auto forgotten = desk.desk.forget("home");
  REQUIRE(forgotten.ok());
  CHECK(forgotten->dump() == R"({"name":"home","refresh_token":"r1"})");
  CHECK(desk.desk.forget("home").error().kind == Kind::not_found);
}

TEST_CASE("token desk: tokens that are revoked are shown before they are forgotten, and forgotten by their name") {
  const Desk desk;
  const auto stored = desk.desk.store("home", R"({"refresh_token":"r1","access_token":"a1","expires_in":3600})");
  REQUIRE(stored.ok());
  CHECK(desk.desk.begin_revocation("home")->dump() == R"({"name":"home","refresh_token":"r1"})");
  CHECK(*desk.desk.call_off_revocation("home") == *stored);
  CHECK(desk.desk.forget_revoked("home", R"({"refresh_token":"r0"})")->dump() ==
        R"({"name":"home","forgotten":false})");
  CHECK(desk.access() == "a1");
  CHECK(desk.desk.forget_revoked("home", "r1").error().kind == Kind::bad_request);
  CHECK(desk.desk.forget_revoked("home", R"({"refresh_token":"r1"})")->dump() == R"({"name":"home","forgotten":true})");
  CHECK(desk.desk.all()["accounts"][1]["state"] == "none");
}

}  // namespace
}  // namespace fleetsign::accounts
