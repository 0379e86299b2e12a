// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/url_rules.h"

#include <doctest/doctest.h>

using fleetsign::upstream::judge_url;
using fleetsign::upstream::Target;

TEST_CASE("URL rules: https may go anywhere, and only names need a lookup") {
  const auto name = judge_url("https://fleet-api.example.com/api/1/vehicles?token=secret");
  REQUIRE(name);
  CHECK(name->host == "fleet-api.example.com");
  CHECK(name->place == "fleet-api.example.com:443");
  CHECK(name->tls);
  CHECK_FALSE(name->loopback);
  CHECK(name->lookup);

  const auto v4 = judge_url("https://192.0.2.7:8443/");
  REQUIRE(v4);
  CHECK(v4->place == "192.0.2.7:8443");
  CHECK_FALSE(v4->lookup);

  const auto v6 = judge_url("https://[2001:db8::1]/");
  REQUIRE(v6);
  CHECK(v6->host == "2001:db8::1");
  CHECK(v6->place == "[2001:db8::1]:443");
  CHECK_FALSE(v6->lookup);
}

TEST_CASE("URL rules: plain http is for loopback, however that is written") {
  for (const char* url : {"http://127.0.0.1/", "http://127.0.0.1:4480", "http://127.255.255.254/x", "http://[::1]:80/",
                          "http://localhost/", "http://LocalHost:1/", "HTTP://127.0.0.1/", "http://127.1/",
                          "http://0x7f000001/", "http://2130706433/", "http://[0:0:0:0:0:0:0:1]/"}) {
    CAPTURE(url);
    const auto target = judge_url(url);
    REQUIRE(target);
    CHECK(target->loopback);
    CHECK_FALSE(target->tls);
    CHECK_FALSE(target->lookup);
  }
}

TEST_CASE("URL rules: plain http to any other host is refused, naming the host") {
  for (const char* url :
       {"http://example.com/", "http://128.0.0.1/", "http://126.255.255.255/", "http://0.0.0.0/", "http://[::]/",
        "http://[::2]/", "http://[::ffff:192.0.2.1]/", "http://localhost.example.com/", "http://127.0.0.1.example.com/",
        "http://localhost./", "http://sub.localhost/", "http://127.0.0.1%2eexample.com/"}) {
    CAPTURE(url);
    const auto target = judge_url(url);
    REQUIRE_FALSE(target);
    CHECK(target.error().starts_with("plain http is for loopback only; "));
    CHECK(target.error().ends_with(" needs https"));
  }
}

TEST_CASE("URL rules: the host is what libcurl would connect to, whatever stands around it") {
  CHECK_FALSE(judge_url("http://127.0.0.1@example.com/"));
  CHECK_FALSE(judge_url("http://127.0.0.1\\@example.com/"));
  CHECK_FALSE(judge_url("http://example.com#@127.0.0.1/"));
  CHECK_FALSE(judge_url("http://example.com?@127.0.0.1/"));
  CHECK_FALSE(judge_url(std::string("http://127.0.0.1\0.example.com/", 30)));
}

TEST_CASE("URL rules: other schemes, credentials and what is no absolute URL are refused") {
  for (const char* url : {"ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "ws://127.0.0.1/"}) {
    CAPTURE(url);
    const auto target = judge_url(url);
    REQUIRE_FALSE(target);
    CHECK(target.error().find("only https") != std::string::npos);
  }
  for (const char* url :
       {"https://user@example.com/", "https://user:pass@example.com/", "https://:pass@example.com/"}) {
    CAPTURE(url);
    const auto target = judge_url(url);
    REQUIRE_FALSE(target);
    CHECK(target.error() == "the URL holds a user name or a password; credentials belong into a header");
  }
  for (const char* url :
       {"", "/api/1/vehicles", "example.com/", "https://", "https://exa mple.com/", "https://example.com/a b",
        "https://example.com/\r\nX: y", "https://example.com:99999/", "https://[::1/"}) {
    CAPTURE(url);
    CHECK_FALSE(judge_url(url));
  }
}

TEST_CASE("URL rules: a refusal shows neither path nor query") {
  for (const char* url : {"http://example.com/hidden?hidden", "ftp://example.com/hidden?hidden",
                          "https://user@example.com/hidden?hidden", "https://example.com:99999/hidden?hidden"}) {
    CAPTURE(url);
    const auto target = judge_url(url);
    REQUIRE_FALSE(target);
    CHECK(target.error().find("hidden") == std::string::npos);
  }
}
