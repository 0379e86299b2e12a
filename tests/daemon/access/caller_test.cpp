// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/caller.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

namespace fleetsign::access {
namespace {

using protocol::Kind;

http::Request with(http::Headers headers, std::string address = "127.0.0.1") {
  return {.method = "GET", .target = "/", .path = "/", .headers = std::move(headers), .peer = {.address = address}};
}

TEST_CASE("caller: a bearer token is taken as it is, whatever the case of its scheme") {
  const std::string jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhLV8ifQ.c2ln-_";
  for (const std::string& value : {"Bearer " + jwt, "bearer " + jwt, "BEARER " + jwt}) {
    CAPTURE(value);
    const auto shown = credentials_in(with({{"authorization", value}}));
    REQUIRE((shown && shown->token));
    CHECK(shown->token->expose() == jwt);
    CHECK(shown->token->expose_header() == "Bearer " + jwt);
    CHECK_FALSE(shown->key);
  }
  CHECK(credentials_in(with({{"Authorization", "Bearer ~!#x=="}}))->token);
}

TEST_CASE("caller: without the header there is no token, and nothing is wrong with that") {
  const auto shown = credentials_in(with({}));
  REQUIRE(shown);
  CHECK_FALSE(shown->token);
  CHECK_FALSE(shown->key);
}

TEST_CASE("caller: anything else is not authenticated, and the token is in no message") {
  for (const std::string value : {"", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "secret", "Bearersecret",
                                  "Bearer\tsecret", "Bearer  secret", "Bearer secret secret", "Bearer secret\n",
                                  "Bearer s\xC3\xA9"
                                  "cret"}) {
    CAPTURE(value);
    const auto shown = credentials_in(with({{"Authorization", value}}));
    REQUIRE_FALSE(shown);
    CHECK(shown.error().kind == Kind::not_authenticated);
    CHECK_FALSE(shown.error().message.empty());
    CHECK(shown.error().message.find("cret") == std::string::npos);
  }
  CHECK_FALSE(credentials_in(with({{"Authorization", "Bearer a"}, {"Authorization", "Bearer a"}})));
}

TEST_CASE("caller: a local key stands in either header, and is never a token that is passed on") {
  for (const auto& headers :
       {http::Headers{{"Authorization", "Bearer fsk_k"}}, http::Headers{{"X-Authorization", "bearer fsk_k"}}}) {
    const auto shown = credentials_in(with(headers));
    REQUIRE(shown);
    CHECK(shown->key == "fsk_k");
    CHECK_FALSE(shown->token);
  }
  const auto both = credentials_in(with({{"Authorization", "Bearer secret"}, {"X-Authorization", "Bearer fsk_k"}}));
  REQUIRE((both && both->token));
  CHECK(both->key == "fsk_k");
  CHECK(both->token->expose() == "secret");
}

TEST_CASE("caller: what was meant to be a local key is never a token that is passed on") {
  for (const std::string text : {"FSK_k", "Fsk_k", "\"fsk_k\"", "'fsk_k'", "\"\"fsk_k"}) {
    const auto shown = credentials_in(with({{"Authorization", "Bearer " + text}}));
    REQUIRE(shown);
    CHECK(shown->key == text);
    CHECK_FALSE(shown->token);
  }
}

TEST_CASE("caller: whoever shows something in place of a key, or two of them, shows one that is none") {
  for (const auto& headers : {http::Headers{{"X-Authorization", "fsk_k"}}, http::Headers{{"X-Authorization", ""}},
                              http::Headers{{"X-Authorization", "Basic fsk_k"}},
                              http::Headers{{"X-Authorization", "Bearer fsk_k"}, {"X-Authorization", "Bearer fsk_k"}},
                              http::Headers{{"X-Authorization", "Bearer fsk_k"}, {"Authorization", "Bearer fsk_k"}}}) {
    const auto shown = credentials_in(with(headers));
    REQUIRE(shown);
    CHECK(shown->key == "");
    CHECK_FALSE(shown->token);
  }
}

TEST_CASE("caller: a token is named by its hash") {
  CHECK(name_of(upstream::Bearer("secret")) == "token:2bb80d53");
  CHECK(name_of(upstream::Bearer("other")) != "token:2bb80d53");
}

TEST_CASE("caller: a Host that is this machine passes, one that is not is DNS rebinding") {
  struct Row {
    std::string host;
    bool passes;
  };
  for (const auto& [host, passes] : {
           Row{"localhost", true},
           Row{"localhost:4480", true},
           Row{"LocalHost:1", true},
           Row{"127.0.0.1", true},
           Row{"127.0.0.1:4480", true},
           Row{"127.1.2.3", true},
           Row{"[::1]", true},
           Row{"[::1]:4480", true},
           Row{"fleet.example.com", true},
           Row{"Fleet.Example.COM:443", true},
           Row{"10.0.0.7:4480", true},
           Row{"[2001:DB8::1]:443", true},
           Row{"", false},
           Row{"0.0.0.0:4480", false},
           Row{"[::]:4480", false},
           Row{"evil.com", false},
           Row{"evil.com:4480", false},
           Row{"localhost.evil.com", false},
           Row{"127.0.0.1.evil.com", false},
           Row{"127.evil.com", false},
           Row{"xlocalhost", false},
           Row{"[::2]", false},
           Row{"[::1", false},
           Row{"192.168.1.2:4480", false},
           Row{"fleet.example.com.evil.com", false},
           Row{"evil.fleet.example.com", false},
           Row{"example.com", false},
           Row{"1127.0.0.1", false},
       }) {
    const auto& shown_host = host;
    CAPTURE(shown_host);
    const auto refusal = refuse_foreign(with({{"Host", host}}), {"10.0.0.7", "fleet.example.com", "[2001:db8::1]"});
    CHECK(refusal.has_value() != passes);
    if (refusal) CHECK(refusal->kind == Kind::not_allowed);
  }
  CHECK(refuse_foreign(with({{"Host", "fleet.example.com"}}), {}));
}

TEST_CASE("caller: no Host at all is no browser's") {
  CHECK_FALSE(refuse_foreign(with({}), {}));
}

TEST_CASE("caller: an Origin must be this daemon's own") {
  struct Row {
    std::string origin;
    bool passes;
  };
  for (const auto& [origin, passes] : {
           Row{"http://localhost:4480", true},
           Row{"https://LOCALHOST:4480", true},
           Row{"http://localhost", false},
           Row{"http://localhost:8080", false},
           Row{"http://127.0.0.1:4480", false},
           Row{"https://evil.com", false},
           Row{"https://localhost:4480.evil.com", false},
           Row{"null", false},
           Row{"", false},
           Row{"localhost:4480", false},
           Row{"file://", false},
       }) {
    const auto& shown_origin = origin;
    CAPTURE(shown_origin);
    const auto refusal = refuse_foreign(with({{"Host", "localhost:4480"}, {"Origin", origin}}), {});
    CHECK(refusal.has_value() != passes);
    if (refusal) CHECK(refusal->kind == Kind::not_allowed);
  }
}

TEST_CASE("caller: an Origin is nobody's own where there is no Host to compare it with") {
  for (const std::string origin : {"http://", "https://evil.com", "null"}) {
    CAPTURE(origin);
    CHECK(refuse_foreign(with({{"Origin", origin}}), {}));
  }
}

TEST_CASE("caller: what a browser says of the page behind a request counts") {
  struct Row {
    std::string site;
    bool passes;
  };
  for (const auto& [site, passes] : {Row{"none", true}, Row{"same-origin", true}, Row{"same-site", false},
                                     Row{"cross-site", false}, Row{"", false}, Row{"other", false}}) {
    const auto& shown_site = site;
    CAPTURE(shown_site);
    CHECK(refuse_foreign(with({{"Host", "localhost"}, {"Sec-Fetch-Site", site}}), {}).has_value() != passes);
  }
}

TEST_CASE("caller: over a Unix socket any Host will do, but still no foreign page") {
  CHECK_FALSE(refuse_foreign(with({{"Host", "whatever"}}, "unix"), {}));
  CHECK_FALSE(refuse_foreign(with({{"Host", ""}}, "unix"), {}));
  CHECK(refuse_foreign(with({{"Host", "whatever"}, {"Origin", "https://evil.com"}}, "unix"), {}));
  CHECK(refuse_foreign(with({{"Host", "whatever"}, {"Sec-Fetch-Site", "cross-site"}}, "unix"), {}));
  // Only the kernel says that a peer is local.
  CHECK(refuse_foreign(with({{"Host", "evil.com"}}, "192.0.2.1"), {}));
}

}  // namespace
}  // namespace fleetsign::access
