// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/request_rules.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using fleetsign::http::Headers;
using fleetsign::upstream::field_lines;
using fleetsign::upstream::is_safe;
using fleetsign::upstream::refusal;
using fleetsign::upstream::Request;

TEST_CASE("request rules: the usual methods pass, others do not") {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    CAPTURE(method);
    CHECK_FALSE(refusal(Request{.method = method}));
  }
  for (const char* method : {"", "get", "CONNECT", "TRACE", "GET ", "GET / HTTP/1.1\r\nX:", "BREW"}) {
    CAPTURE(method);
    CHECK(refusal(Request{.method = method}));
  }
}

TEST_CASE("request rules: any method but HEAD may have a body") {
  CHECK_FALSE(refusal(Request{.method = "GET", .body = "x"}));
  CHECK_FALSE(refusal(Request{.method = "DELETE", .body = "x"}));
  CHECK(refusal(Request{.method = "HEAD", .body = "x"}) == "a HEAD request has no body");
}

TEST_CASE("request rules: only what does nothing is safe to do twice") {
  CHECK(is_safe("GET"));
  CHECK(is_safe("HEAD"));
  CHECK(is_safe("OPTIONS"));
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) CHECK_FALSE(is_safe(method));
}

TEST_CASE("request rules: a header field cannot bring another one in") {
  for (const std::string& value : {std::string("a\r\nX: y"), std::string("a\nX: y"), std::string("a\rX: y"),
                                   std::string("a\0b", 3), std::string("\n")}) {
    const auto why = refusal(Request{.method = "GET", .headers = {{"Authorization", "hidden" + value}}});
    REQUIRE(why);
    CHECK(why->find("Authorization") != std::string::npos);
    CHECK(why->find("hidden") == std::string::npos);
  }
  for (const std::string& name : {std::string(), std::string("X:"), std::string("X y"), std::string("X\r\nY"),
                                  std::string("X;"), std::string("X\0", 2), std::string("\xc3\xa4")}) {
    CAPTURE(name);
    CHECK(refusal(Request{.method = "GET", .headers = {{name, "value"}}}) == "the name of a header field is not valid");
  }
  CHECK_FALSE(refusal(Request{.method = "GET", .headers = {{"X-Text", "tab\tand caf\xc3\xa9; a=b: c"}}}));
}

TEST_CASE("request rules: fields go out in order, empty ones with the mark that keeps them") {
  const Headers headers{{"Accept", "text/plain"}, {"X-Empty", ""}, {"X-Blank", " \t"}, {"content-type", "a/b"}};
  CHECK(field_lines(headers) ==
        std::vector<std::string>{"Accept: text/plain", "X-Empty;", "X-Blank;", "content-type: a/b", "Expect:"});
}

TEST_CASE("request rules: what libcurl would make up is suppressed, what is its own is left to it") {
  CHECK(field_lines({}) == std::vector<std::string>{"Accept:", "Content-Type:", "Expect:"});
  const Headers headers{{"Host", "other"},         {"content-length", "1"}, {"Transfer-Encoding", "chunked"},
                        {"Connection", "close"},   {"Keep-Alive", "1"},     {"Proxy-Connection", "close"},
                        {"TE", "trailers"},        {"Trailer", "X"},        {"Upgrade", "h2c"},
                        {"expect", "100-continue"}};
  CHECK(field_lines(headers) == std::vector<std::string>{"Accept:", "Content-Type:", "Expect:"});
}
