// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {
namespace {

using nlohmann::json;
using protocol::Kind;

protocol::Failure refusal(std::string_view name, std::string_view body) {
  const auto parsed = parse_body(command(name), body);
  REQUIRE_FALSE(parsed.ok());
  return parsed.error();
}

}  // namespace

TEST_CASE("body: no body is no arguments") {
  for (const char* body : {"", " ", "\r\n\t ", "{}", " { } "}) {
    const auto parsed = parse_body(command("set_charge_limit"), body);
    REQUIRE(parsed.ok());
    CHECK(*parsed == json::object());
  }
}

TEST_CASE("body: a bare true, false or null will do for a command without parameters, and only there") {
  for (const char* body : {"true", " false\n", "null"}) {
    const auto parsed = parse_body(command("charge_start"), body);
    REQUIRE(parsed.ok());
    CHECK(*parsed == json::object());
    CHECK(refusal("set_charge_limit", body).kind == Kind::bad_request);
  }
}

TEST_CASE("body: what is not an object is refused by its type") {
  CHECK(refusal("charge_start", "1").message == "the body is not a JSON object, but of type number");
  CHECK(refusal("charge_start", R"("on")").message == "the body is not a JSON object, but of type string");
  CHECK(refusal("set_charge_limit", R"([{"percent": 80}])").message ==
        "the body is not a JSON object, but of type array");
  CHECK(refusal("charge_start", "[]").hint == "charge_start takes no parameters: send no body");
}

TEST_CASE("body: what is not JSON is refused with the place, and nothing of it is shown") {
  for (const char* body : {R"({"pin": 1234)", R"({"pin": 1234,})", R"({"pin": 1234} x)", R"({'pin': 1234})", "\xff{}",
                           R"({"pin": "12)"
                           "\xc3"
                           R"("})",
                           R"({"pin": NaN})", R"({"pin": Infinity})", R"({"pin": 1e999})", R"({"pin": 01})"}) {
    CAPTURE(body);
    const auto failure = refusal("speed_limit_activate", body);
    CHECK(failure.kind == Kind::bad_request);
    CHECK(failure.message.starts_with("the body is not JSON: it goes wrong at byte "));
    CHECK(failure.message.find("1234") == std::string::npos);
  }
  CHECK(refusal("set_charge_limit", R"({"percent":NaN})").message == "the body is not JSON: it goes wrong at byte 12");
  CHECK(refusal("honk_horn", std::string_view("{}\0{", 4)).message == "the body is not JSON: it goes wrong at byte 3");
}

TEST_CASE("body: key=value gets told how to write JSON") {
  const auto failure = refusal("set_charge_limit", "percent=80");
  CHECK(failure.kind == Kind::bad_request);
  CHECK(failure.message == "the body is not JSON, but written as key=value");
  CHECK(failure.hint == R"(send a JSON object, for example {"percent": 80})");
  CHECK(refusal("honk_horn", "a=b&c=d").hint == "honk_horn takes no parameters: send no body");
  CHECK(refusal("speed_limit_activate", "pin=9876").hint.find("9876") == std::string::npos);
}

TEST_CASE("body: a member that comes twice is refused, whichever value is meant") {
  const auto failure = refusal("set_charge_limit", R"({"percent": 50, "percent": 50})");
  CHECK(failure.kind == Kind::bad_request);
  CHECK(failure.message == "the body has percent twice");
  CHECK(refusal("set_charge_limit", "{\"a\\u000ab\": 1, \"a\\nb\": 2}").message == "the body has a?b twice");
}

TEST_CASE("body: nesting is skipped at no cost, and no parameter takes it") {
  const std::string deep = R"({"percent": )" + std::string(8000, '[') + std::string(8000, ']') + "}";
  const auto parsed = parse_body(command("set_charge_limit"), deep);
  REQUIRE(parsed.ok());
  CHECK(*parsed == json{{"percent", json::array()}});
  const auto nested = parse_body(command("set_charge_limit"), R"({"x": {"percent": 1, "percent": 2}, "percent": 80})");
  REQUIRE(nested.ok());
  CHECK(*nested == json{{"x", json::object()}, {"percent", 80}});
}

TEST_CASE("body: one beyond the limit is refused before it is read") {
  std::string body = R"({"percent": 80})";
  body.resize(kMaxBody, ' ');
  CHECK(parse_body(command("set_charge_limit"), body).ok());
  body += ' ';
  const auto failure = refusal("set_charge_limit", body);
  CHECK(failure.kind == Kind::too_large);
  CHECK(failure.message == "the body of a command has at most 16384 bytes, this one 16385");
}

}  // namespace fleetsign::catalogue
