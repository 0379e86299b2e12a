// SPDX-License-Identifier: Apache-2.0
#include "simulator/oauth_control.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/simulator/app.h"

namespace {

using fleetsign::crypto::to_hex;
using fleetsign::test::App;
using fleetsign::test::Json;

}  // namespace

TEST_CASE("oauth control: what was granted is shown, without its tokens") {
  App app;
  const auto tokens = app.login({{"login_hint", "anna"}});
  App::good(app.refresh(App::text(tokens, "refresh_token")));
  app.partner();
  const auto reply = app.get("/sim/v1/oauth");
  const auto grants = App::good(reply).at("grants");
  REQUIRE(grants.size() == 2);
  CHECK(grants.at(0).at("subject") == "anna");
  CHECK(grants.at(0).at("kind") == "user");
  CHECK(grants.at(0).at("refreshes") == 1);
  CHECK(grants.at(1).at("kind") == "partner");
  CHECK(reply.body.find("_token\"") == std::string::npos);
}

TEST_CASE("oauth control: how long tokens last, and how many requests there are, can be set") {
  App app;
  app.set({{"access_seconds", 5}, {"refresh_seconds", 10}, {"reuse_seconds", 2}, {"requests_per_second", 100}});
  const auto first = app.login();
  CHECK(first.at("expires_in") == 5);
  const auto old = App::text(first, "refresh_token");
  const auto second = App::good(app.refresh(old));
  app.pass(std::chrono::seconds(2));
  CHECK(app.refresh(old).status == 401);
  app.pass(std::chrono::seconds(8));
  CHECK(app.refresh(App::text(second, "refresh_token")).status == 401);
  for (int i = 0; i < 50; ++i) CHECK(app.partner().status == 200);
}

TEST_CASE("oauth control: whether a login ends earlier ones can be set, and is shown") {
  App app;
  CHECK(App::good(app.get("/sim/v1/oauth")).at("login_ends_earlier") == true);
  const auto first = App::text(app.login(), "refresh_token");
  const auto second = App::text(app.login(), "refresh_token");
  CHECK(app.refresh(first).status == 401);
  app.set({{"login_ends_earlier", false}});
  CHECK(App::good(app.get("/sim/v1/oauth")).at("login_ends_earlier") == false);
  app.login();
  CHECK(app.refresh(second).status == 200);
}

TEST_CASE("oauth control: a bad setting is refused, and changes none") {
  App app;
  const auto before = app.get("/sim/v1/oauth").body;
  for (const char* body :
       {"", "[]", R"({"enforce":1})", R"({"login_ends_earlier":1})", R"({"access_seconds":5,"nothing":1})",
        R"({"access_seconds":5,"reuse_seconds":-1})", R"({"access_seconds":"5"})", R"({"refresh_seconds":315360001})",
        R"({"requests_per_second":0})"}) {
    CAPTURE(body);
    CHECK(app.send("POST", "/sim/v1/oauth", "", body).status == 400);
    CHECK(app.get("/sim/v1/oauth").body == before);
  }
}

TEST_CASE("oauth control: all access tokens can be revoked at once, and their grants go on") {
  App app;
  app.set({{"enforce", true}});
  const auto tokens = app.login();
  App::good(app.send("DELETE", "/sim/v1/oauth/access_tokens"));
  CHECK(app.get("/api/1/vehicles", App::text(tokens, "access_token")).status == 401);
  const auto renewed = App::good(app.refresh(App::text(tokens, "refresh_token")));
  CHECK(app.get("/api/1/vehicles", App::text(renewed, "access_token")).status == 200);
}

TEST_CASE("oauth control: a hosted key is a domain and a point, or none") {
  App app;
  const auto point = to_hex(app.key.public_point());
  for (const Json& body : {Json{{"domain", "a.example"}}, Json{{"domain", "A"}, {"public_key", point}},
                           Json{{"domain", 7}, {"public_key", point}}, Json{{"domain", "a.example"}, {"public_key", 7}},
                           Json{{"domain", "a.example"}, {"public_key", "04"}}, Json::array()}) {
    CHECK(app.post("/sim/v1/oauth/hosted_keys", body).status == 400);
  }
  CHECK(app.post("/sim/v1/oauth/hosted_keys", {{"domain", "a.example"}, {"public_key", point}}).status == 200);
}
