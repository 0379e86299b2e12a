// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/request.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace fleetsign::api {
namespace {

using protocol::Kind;

http::Request with(http::Headers headers) {
  return {.headers = std::move(headers)};
}

std::string text_of(const http::Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text += name + ": " + value + "\n";
  return text;
}

TEST_CASE("request: a path in segments") {
  using Segments = std::vector<std::string_view>;
  CHECK(segments_of("/a/b") == Segments{"a", "b"});
  CHECK(segments_of("/a//b/") == Segments{"a", "", "b", ""});
  CHECK(segments_of("/") == Segments{""});
  CHECK(segments_of("") == Segments{});
}

TEST_CASE("request: a VIN has 17 letters and digits, without I, O and Q, and is read in either case") {
  for (const std::string vin : {"5YJ3E1EA7KF000316", "5yj3e1ea7kf000316", "LRWYGCEK0NC000001", "00000000000000000"}) {
    CAPTURE(vin);
    CHECK(parse_vin(vin));
  }
  CHECK(parse_vin("5yj3e1ea7kf000316").value() == "5YJ3E1EA7KF000316");
  for (const std::string& vin :
       {std::string(), std::string("5YJ3E1EA7KF00031"), std::string("5YJ3E1EA7KF0003166"),
        std::string("5YJ3E1EA7KF00031I"), std::string("5YJ3E1EA7KF00031o"), std::string("5YJ3E1EA7KF00031Q"),
        std::string("5YJ3E1EA7KF00031-"), std::string("5YJ3E1EA7KF00031 "), std::string("5YJ3E1EA7KF0003%31"),
        std::string("5YJ3E1EA7KF0003\xC3\xA9"), std::string("5YJ3E1EA7KF00031\0", 17)}) {
    CAPTURE(vin);
    const auto parsed = parse_vin(vin);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == Kind::bad_vin);
    CHECK(parsed.error().message == "the path has no valid VIN, and no vehicle's name");
  }
}

TEST_CASE("request: Fleet API's id in place of a VIN is told apart") {
  for (const std::string id : {"1", "100021", "1492931337154343"}) {
    CAPTURE(id);
    const auto parsed = parse_vin(id);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == Kind::bad_vin);
    CHECK(parsed.error().hint == "GET /api/1/vehicles lists the vin of each id");
  }
}

TEST_CASE("request: the caller's request id is kept when it is harmless") {
  for (const std::string& id : {std::string("a"), std::string("7b9f-2:x/y=z"), std::string(128, 'x')}) {
    CHECK(request_id_of(with({{"x-request-id", id}})) == id);
  }
  for (const std::string& id : {std::string(), std::string("a b"), std::string("a\nb"), std::string("\xC3\xA9"),
                                std::string("\x7F"), std::string(129, 'x')}) {
    CAPTURE(id);
    const auto made = request_id_of(with({{"X-Request-Id", id}}));
    CHECK(made != id);
    CHECK(made.size() == 16);
  }
}

TEST_CASE("request: ids that we make are all different") {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(request_id_of({}));
  CHECK(ids.size() == 100);
}

TEST_CASE("request: a flag of the query is true or false, once, and false when it is absent") {
  const auto flag = [](std::string_view query) { return flag_in(query, "dry_run"); };
  for (const char* query : {"", "a=1", "dry_run=false", "DRY_RUN=true", "x=dry_run=true", "a&dry_run=false&b"}) {
    CAPTURE(query);
    REQUIRE(flag(query).ok());
    CHECK_FALSE(*flag(query));
  }
  for (const char* query : {"dry_run=true", "a=1&dry_run=true", "dry%5Frun=%74rue&b"}) {
    CAPTURE(query);
    REQUIRE(flag(query).ok());
    CHECK(*flag(query));
  }
  for (const char* query : {"dry_run", "dry_run=", "dry_run=1", "dry_run=True", "dry_run=yes", "dry_run=true%20",
                            "dry_run=true&dry_run=true", "dry_run=true&dry_run=false"}) {
    CAPTURE(query);
    REQUIRE_FALSE(flag(query).ok());
    CHECK(flag(query).error().kind == Kind::bad_request);
  }
}

TEST_CASE("request: the first parameter of a name, decoded") {
  CHECK(parameter_in("a=1&domain=example.com&domain=x", "domain") == "example.com");
  CHECK(parameter_in("dom%61in=a%2Eb%3D", "domain") == "a.b=");
  CHECK(parameter_in("domain", "domain") == "");
  CHECK(parameter_in("domain=", "domain") == "");
  CHECK_FALSE(parameter_in("", "domain"));
  CHECK_FALSE(parameter_in("a=domain&domains=1", "domain"));
}

TEST_CASE("request: a target is a path, and a query where there is one") {
  CHECK(with_query("/a", "") == "/a");
  CHECK(with_query("/a", "b=1") == "/a?b=1");
}

TEST_CASE("request: a query without the parameter that is ours is otherwise what it was") {
  CHECK(without_parameter("", "dry_run").empty());
  CHECK(without_parameter("dry_run=false", "dry_run").empty());
  CHECK(without_parameter("a=%20b&dry_run=false&a=c?d", "dry_run") == "a=%20b&a=c?d");
  CHECK(without_parameter("a&b=", "dry_run") == "a&b=");
}

TEST_CASE("request: how old an answer may be") {
  const auto oldest = [](const std::string& value) {
    return oldest_wanted({.headers = {{"cache-control", value}}}).value_or(std::chrono::seconds(-1)).count();
  };
  for (const auto* value :
       {"no-cache", "No-Store", "no-cache=\"x\"", "max-age=0", "max-age=60, no-cache", " no-store ,x"}) {
    CAPTURE(value);
    CHECK(oldest(value) == 0);
  }
  CHECK(oldest("max-age=5") == 5);
  CHECK(oldest("max-age=\"5\", max-age=7") == 5);
  for (const auto* value :
       {"", "max-age", "max-age=", "max-age=-1", "max-age=x", "max-stale=5", "no-cached", "public"}) {
    CAPTURE(value);
    CHECK(oldest(value) == -1);
  }
  CHECK(oldest_wanted({.headers = {{"Cache-Control", "max-age=9"}, {"Cache-Control", "max-age=3"}}}) ==
        std::chrono::seconds(3));
  CHECK_FALSE(oldest_wanted({}));
}

TEST_CASE("request: how long a caller prefers to wait") {
  using std::chrono::seconds;
  struct Row {
    std::string prefer;
    int seconds;  ///< 0: nothing is said
  };
  for (const auto& [prefer, expected] : {
           Row{"wait=10", 10},
           Row{"wait=1", 1},
           Row{"Wait=30", 30},
           Row{"  wait=7  ", 7},
           Row{"wait=007", 7},
           Row{"respond-async, wait=20", 20},
           Row{"wait=20,respond-async", 20},
           Row{"wait=5; x=1", 5},
           Row{"wait=5;x", 5},
           Row{", ,wait=4", 4},
           Row{"wait=3, wait=9", 3},
           Row{"wait=2147483647", 2147483647},
           // RFC 7240 section 2: white space around "=", and a value may be quoted.
           Row{"wait = 10", 10},
           Row{"wait=\"10\"", 10},
           Row{"wait\t=\t\"10\" ; x=y", 10},
           Row{"", 0},
           Row{"wait", 0},
           Row{"wait=", 0},
           Row{"wait=0", 0},
           Row{"wait=-5", 0},
           Row{"wait=+5", 0},
           Row{"wait=1.5", 0},
           Row{"wait=10s", 0},
           Row{"wait=ten", 0},
           Row{"wait=99999999999", 0},
           Row{"wait=1 2", 0},
           Row{"waiting=5", 0},
           Row{"await=5", 0},
           Row{"x=wait=5", 0},
           Row{"wait=\"", 0},
           Row{"wait=\"\"", 0},
           Row{"wait=\"5", 0},
       }) {
    const auto& shown_prefer = prefer;
    CAPTURE(shown_prefer);
    const auto wait = preferred_wait(with({{"Prefer", prefer}}));
    CHECK(wait == (expected == 0 ? std::nullopt : std::optional(seconds(expected))));
  }
  CHECK_FALSE(preferred_wait({}));
  CHECK(preferred_wait(with({{"Prefer", "respond-async"}, {"prefer", "wait=6"}})) == seconds(6));
}

TEST_CASE(
    "request: what is about one connection, set anew, about the caller, for us or about another request is not passed "
    "on") {
  const http::Headers received{{"Accept", "a"},
                               {"Connection", "close, X-One"},
                               {"connection", " x-two ,Keep-Alive"},
                               {"X-One", "1"},
                               {"X-TWO", "2"},
                               {"X-Three", "3"},
                               {"Keep-Alive", "timeout=5"},
                               {"Proxy-Connection", "close"},
                               {"TE", "trailers"},
                               {"Trailer", "X"},
                               {"Transfer-Encoding", "chunked"},
                               {"Upgrade", "h2c"},
                               {"Proxy-Authenticate", "Basic"},
                               {"Proxy-Authorization", "Basic x"},
                               {"Host", "localhost"},
                               {"Content-Length", "5"},
                               {"Expect", "100-continue"},
                               {"Authorization", "Bearer x"},
                               {"AUTHORIZATION", "Bearer y"},
                               {"Forwarded", "for=1.2.3.4"},
                               {"X-Forwarded-For", "1.2.3.4"},
                               {"x-forwarded-host", "localhost"},
                               {"X-Forwarded-Proto", "http"},
                               {"X-Forwarded-Port", "4480"},
                               {"X-Forwarded-Server", "proxy"},
                               {"X-FORWARDED-ANYTHING", "x"},
                               {"X-Real-IP", "1.2.3.4"},
                               {"Via", "1.1 proxy"},
                               {"X-Authorization", "Bearer fsk_x"},
                               {"X-Confirm", "erase_user_data"},
                               {"X-Request-Id", "r"},
                               {"X-HTTP-Method-Override", "DELETE"},
                               {"X-HTTP-Method", "DELETE"},
                               {"X-Method-Override", "DELETE"},
                               {"X-Original-URL", "/api/1/users/me"},
                               {"X-Rewrite-URL", "/api/1/users/me"},
                               {"Idempotency-Key", "k"},
                               {"Content-Type", "application/json"},
                               {"Content-Encoding", "gzip"},
                               {"Accept-Encoding", "br"},
                               {"Range", "bytes=0-1"},
                               {"X-Three", "4"}};
  CHECK(text_of(fields_for_fleet_api(received)) ==
        "Accept: a\nX-Three: 3\nIdempotency-Key: k\nContent-Type: application/json\nContent-Encoding: gzip\n"
        "Accept-Encoding: br\nRange: bytes=0-1\nX-Three: 4\n");
}

TEST_CASE("request: of a reply only what is about one connection is not passed on") {
  const http::Headers received{{"Content-Type", "application/json"},
                               {"Connection", "keep-alive, X-Hop"},
                               {"X-Hop", "1"},
                               {"Keep-Alive", "timeout=5"},
                               {"Transfer-Encoding", "chunked"},
                               {"Trailer", "X"},
                               {"Upgrade", "h2c"},
                               {"Proxy-Authenticate", "Basic"},
                               {"Content-Length", "2"},
                               {"Retry-After", "7"},
                               {"RateLimit-Reset", "9"},
                               {"WWW-Authenticate", "Bearer"},
                               {"Via", "2 edge"},
                               {"Set-Cookie", "a=1"},
                               {"Set-Cookie", "b=2"},
                               {"X-Txid", "t"}};
  CHECK(text_of(fields_for_caller(received)) ==
        "Content-Type: application/json\nRetry-After: 7\nRateLimit-Reset: 9\nWWW-Authenticate: Bearer\nVia: 2 edge\n"
        "Set-Cookie: a=1\nSet-Cookie: b=2\nX-Txid: t\n");
}

}  // namespace
}  // namespace fleetsign::api
