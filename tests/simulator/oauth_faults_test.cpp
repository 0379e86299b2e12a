// SPDX-License-Identifier: Apache-2.0
#include "simulator/oauth_faults.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>

#include "tests/simulator/app.h"

namespace {

using fleetsign::simulator::find_oauth_fault;
using fleetsign::simulator::oauth_fault_rows;
using fleetsign::simulator::OAuthFaults;
using fleetsign::test::App;
using fleetsign::test::check_refused;
using fleetsign::test::Json;

const std::string kRegister = "/api/1/partner_accounts";
const Json kDomain{{"domain", "fleet.example"}};

Json waiting(App& app) {
  return App::good(app.get("/sim/v1/oauth/faults")).at("faults");
}

}  // namespace

TEST_CASE("oauth faults: each that is a refusal is said as often as ordered, by the token endpoint in OAuth's shape") {
  for (const auto& row : oauth_fault_rows()) {
    if (row.status == 0) continue;
    CAPTURE(row.name);
    App app;
    app.order({{"fault", row.name}, {"on", "token"}, {"count", 2}});
    for (int i = 0; i < 2; ++i) {
      const auto reply = app.partner();
      CHECK(reply.status == row.status);
      const auto body = App::json_of(reply);
      CHECK(body.size() == 2);
      CHECK_FALSE(App::text(body, "error").empty());
      CHECK(App::text(body, "error").find('{') == std::string::npos);
    }
    CHECK(app.partner().status == 200);
  }
}

TEST_CASE("oauth faults: the partner endpoints say every error of a registration, and do nothing else") {
  struct Case {
    std::string fault;
    int status;
    std::string error;
  };
  for (const auto& c :
       {Case{"wrong_origin", 412, "Root domain fleet.example must match registered allowed origin"},
        Case{"key_taken", 422, "Validation failed: Public key hash has already been taken"},
        Case{"domain_taken", 422, "Validation failed: Domain has already been taken"},
        Case{"invalid_domain", 422,
             "Invalid domain: fleet.example. Ensure that domain is lowercase and starts without https://"},
        Case{"not_partner", 403, "Expected partner account"}, Case{"401", 401, "token expired (401)"}}) {
    App app;
    app.order({{"fault", c.fault}});
    const auto reply = app.post(kRegister, kDomain, "any");
    check_refused(reply, c.status, c.error);
    CHECK(App::json_of(reply).at("response").is_null());
    CHECK(App::good(app.get("/sim/v1/oauth")).at("accounts").empty());
    CHECK(app.post(kRegister, kDomain, "any").status == 200);
  }
}

TEST_CASE("oauth faults: the status and the text can be others") {
  App app;
  app.order({{"fault", "not_partner"}, {"status", 401}, {"error", "no"}});
  check_refused(app.post(kRegister, kDomain, "any"), 401, "no");
}

TEST_CASE("oauth faults: an order waits for its endpoint, or for any") {
  App app;
  app.order({{"fault", "500"}, {"on", "public_key"}});
  CHECK(app.partner().status == 200);
  CHECK(app.get(kRegister + "/public_key?domain=fleet.example", "any").status == 500);
  app.order({{"fault", "503"}, {"on", "any"}, {"count", 2}});
  CHECK(app.authorize().status == 503);
  CHECK(app.post(kRegister, kDomain, "any").status == 503);
  CHECK(waiting(app).empty());
}

TEST_CASE("oauth faults: a rate limit names a time to wait") {
  App app;
  app.order({{"fault", "http_429"}, {"ms", 2'500}});
  CHECK(*app.partner().headers.find("Retry-After") == "3");
}

TEST_CASE("oauth faults: a request that is dropped does nothing, a reply that is dropped or garbled is too late") {
  App app;
  const auto grants = [&] { return App::good(app.get("/sim/v1/oauth")).at("grants").size(); };
  app.order({{"fault", "drop_request"}});
  CHECK(app.partner().cut);
  CHECK(grants() == 0);
  app.order({{"fault", "drop_reply"}});
  CHECK_FALSE(app.partner().cut->head);
  CHECK(grants() == 1);
  app.order({{"fault", "truncate_reply"}});
  CHECK(app.partner().cut->head);
  app.order({{"fault", "garbage_reply"}});
  CHECK(Json::parse(app.partner().body, nullptr, false).is_discarded());
  app.order({{"fault", "delay"}, {"ms", 0}});
  app.order({{"fault", "late_reply"}, {"ms", 0}});
  CHECK(app.partner().status == 200);
  CHECK(app.partner().status == 200);
  CHECK(grants() == 5);
}

TEST_CASE("oauth faults: who waits goes on when the faults are removed") {
  App app;
  app.order({{"fault", "delay"}, {"ms", 600'000}});
  std::atomic<bool> done{false};
  std::thread thread([&] {
    app.partner();
    done = true;
  });
  // It may have taken its order and not be waiting yet.
  while (!waiting(app).empty()) std::this_thread::yield();
  while (!done) app.send("DELETE", "/sim/v1/oauth/faults");
  thread.join();
}

TEST_CASE("oauth faults: a user who says no is sent back with that") {
  App app;
  app.order({{"fault", "access_denied"}, {"count", 2}});
  const auto reply = app.authorize();
  CHECK(App::sent_back(reply, "error") == "access_denied");
  CHECK(App::sent_back(reply, "state") == "s 1");
  CHECK(App::sent_back(reply, "code").empty());
  check_refused(app.authorize({{"redirect_uri", "x"}}), 403, "access_denied");
}

TEST_CASE("oauth faults: what was ordered is shown until it is done or removed") {
  App app;
  const Json order{{"fault", "http_500"}, {"count", 3}, {"on", "revoke"}, {"ms", 5}, {"error", "e"}, {"status", 501}};
  app.order(order);
  app.order({{"fault", "delay"}, {"on", "any"}});
  CHECK(waiting(app).at(0).dump() == order.dump());
  CHECK(waiting(app).at(1).at("on") == "any");
  CHECK(App::good(app.send("DELETE", "/sim/v1/oauth/faults")).at("faults").empty());
}

TEST_CASE("oauth faults: a bad order is refused with what is wrong, and changes nothing") {
  App app;
  for (const char* body :
       {"", "[]", "{}", R"({"fault":7})", R"({"fault":"asleep"})", R"({"fault":"500","on":"command"})",
        R"({"fault":"500","on":7})", R"({"fault":"500","count":0})", R"({"fault":"500","count":1000001})",
        R"({"fault":"500","ms":-1})", R"({"fault":"500","ms":600001})", R"({"fault":"500","error":7})",
        R"({"fault":"500","status":200})", R"({"fault":"500","times":1})"}) {
    CAPTURE(body);
    const auto reply = app.send("POST", "/sim/v1/oauth/faults", "", body);
    CHECK(reply.status == 400);
    CHECK_FALSE(App::text(App::json_of(reply), "error").empty());
  }
  CHECK(waiting(app).empty());
}

TEST_CASE("oauth faults: only so many can wait") {
  OAuthFaults faults;
  const auto* const fault = find_oauth_fault("500");
  for (std::size_t i = 0; i < OAuthFaults::kMost; ++i) {
    REQUIRE(faults.add({.fault = fault, .on = {}, .ms = {}, .error = {}, .status = {}}));
  }
  CHECK_FALSE(faults.add({.fault = fault, .on = {}, .ms = {}, .error = {}, .status = {}}));
}
