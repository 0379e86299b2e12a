// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/authorization.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace fleetsign::accounts {
namespace {

using Reason = AuthorizationError::Reason;

TEST_CASE("authorization: the link has all that is asked, each value encoded") {
  const auto link = authorization_link({.endpoint = "https://auth.example/oauth2/v3/authorize",
                                        .client_id = "app&1",
                                        .redirect_uri = "http://127.0.0.1:4482/callback?a=b c",
                                        .scopes = {"openid", "vehicle_cmds"},
                                        .state = "S-_~."});
  CHECK(link ==
        "https://auth.example/oauth2/v3/authorize?response_type=code&client_id=app%261"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A4482%2Fcallback%3Fa%3Db%20c&scope=openid%20vehicle_cmds&state=S-_~."
        "&prompt_missing_scopes=true");
}

TEST_CASE("authorization: no state is like another, and none needs to be encoded") {
  std::set<std::string> states;
  for (int i = 0; i < 100; ++i) states.insert(make_state());
  CHECK(states.size() == 100);
  for (const auto& state : states) {
    CHECK(state.size() == 43);
    CHECK(state.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
  }
}

TEST_CASE("authorization: the code is read from a query and from the address as people copy it") {
  for (const char* answer :
       {"code=EU_c%2Fd&state=S", "state=S&code=EU_c%2Fd&issuer=x",
        "http://127.0.0.1:4482/callback?code=EU_c%2Fd&state=S", "  https://h.example/?state=S&code=EU_c%2Fd#top\r\n",
        "a&b=&code=EU_c%2fd&code=other&state=S"}) {
    CAPTURE(answer);
    const auto code = read_code(answer, "S");
    REQUIRE(code.ok());
    CHECK(code->expose() == "EU_c/d");
  }
}

TEST_CASE("authorization: without the state of this login nothing in an answer counts") {
  for (const char* answer : {"", "code=c", "code=c&state=", "code=c&state=s", "code=c&state=SS", "code=c&xstate=S",
                             "error=access_denied", "error=access_denied&state=T", "state=T&state=S&code=c", "EU_c"}) {
    CAPTURE(answer);
    const auto code = read_code(answer, "S");
    REQUIRE_FALSE(code.ok());
    CHECK(code.error().reason == Reason::foreign);
    CHECK(code.error().hint.find("`fleetsign login`") == std::string::npos);  // which needs an account
  }
}

TEST_CASE("authorization: a refusal is told in words, with Tesla's own") {
  const auto told = [](const char* answer) {
    const auto code = read_code(answer, "S");
    REQUIRE_FALSE(code.ok());
    CHECK(code.error().reason == Reason::refused);
    CHECK_FALSE(code.error().hint.empty());
    return code.error().message;
  };
  CHECK(told("error=access_denied&state=S") == "the user has not allowed it (access_denied)");
  CHECK(told("error=access_denied&error_description=No+thanks%21&state=S&code=c") ==
        "the user has not allowed it (access_denied: No thanks!)");
  CHECK(told("error=invalid_scope&state=S").find("one of the scopes") != std::string::npos);
  CHECK(told("error=new%1b%0a&state=S") ==
        "the login was refused (new?"
        "?)");
  CHECK(told("state=S") == "the answer has no code");
  CHECK(told("state=S&code=") == "the answer has no code");
}

TEST_CASE("authorization: tokens are for the configured region, else for the one that the code names") {
  const auto audience = [](const char* code, const config::FleetApi& fleet_api) {
    return audience_of(*AuthorizationCode::read(code), fleet_api);
  };
  CHECK(audience("EU_1", {}) == "https://fleet-api.prd.eu.vn.cloud.tesla.com");
  CHECK(audience("NA_1", {}) == "https://fleet-api.prd.na.vn.cloud.tesla.com");
  CHECK(audience("CN_1", {}) == "https://fleet-api.prd.cn.vn.cloud.tesla.cn");
  CHECK(audience("1", {}) == "https://fleet-api.prd.na.vn.cloud.tesla.com");
  CHECK(audience("NA_1", {.region = config::Region::eu}) == "https://fleet-api.prd.eu.vn.cloud.tesla.com");
  CHECK(audience("EU_1", {.region = config::Region::na}) == "https://fleet-api.prd.na.vn.cloud.tesla.com");
  CHECK(audience("EU_1", {.base_url = "http://127.0.0.1:1"}) == "http://127.0.0.1:1");
}

}  // namespace
}  // namespace fleetsign::accounts
