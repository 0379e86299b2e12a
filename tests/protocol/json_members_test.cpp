// SPDX-License-Identifier: Apache-2.0
#include "protocol/json_members.h"

#include <doctest/doctest.h>

#include <string>

namespace fleetsign::protocol {
namespace {

std::string value_of(const std::string& text) {
  const auto members = read_json_members("{\"a\": " + text + "}", "the body");
  REQUIRE(members);
  REQUIRE(members->size() == 1);
  CHECK(members->front().name == "a");
  return members->front().text;
}

Failure refusal_of(std::string_view text) {
  const auto members = read_json_members(text, "the body");
  REQUIRE_FALSE(members);
  return members.error();
}

TEST_CASE("json members: come in the order of the text") {
  const auto members = read_json_members(R"( {"z": 1, "a": [], "": {}} )", "the body");
  REQUIRE(members);
  REQUIRE(members->size() == 3);
  CHECK((*members)[0].name == "z");
  CHECK((*members)[1].text == "[]");
  CHECK((*members)[2].name.empty());
  CHECK(find_member(*members, "a") == &(*members)[1]);
  CHECK(find_member(*members, "b") == nullptr);
  CHECK(read_json_members("{}", "the body")->empty());
}

TEST_CASE("json members: numbers keep their digits") {
  for (const char* const number : {"0", "-1", "1.0", "1.10", "1e3", "1E+3", "0.1000000000000000055511151231257827",
                                   "9007199254740993", "18446744073709551616", "-99999999999999999999999"}) {
    CHECK(value_of(number) == number);
  }
}

TEST_CASE("json members: white space goes, but not from texts") {
  CHECK(value_of("{ \"b\" :\t[ 1 , {\"c\": null },[ ] , true,false ] ,\n \"d e\": \" f,g: {\" }") ==
        R"({"b":[1,{"c":null},[],true,false],"d e":" f,g: {"})");
}

TEST_CASE("json members: texts that end like the begin of something keep the commas behind them") {
  CHECK(value_of(R"(["{", "[", ":", ",", "\\", "\""])") == R"(["{","[",":",",","\\","\""])");
}

TEST_CASE("json members: texts keep their characters") {
  CHECK(value_of(R"("\u00e4\ud83d\ude97\n\"")") == "\"ä🚗\\n\\\"\"");
}

TEST_CASE("json members: what is not an object of JSON is refused, saying where") {
  for (const char* const text : {"1", "[]", "\"{}\"", "null", "[{}]"}) {
    CAPTURE(text);
    CHECK(refusal_of(text).message == "the body is not a JSON object");
  }
  for (const char* const text : {"", "{", "{\"a\":1,}", "{\"a\":01}", "{\"a\":\"\xff\"}", "{} {}"}) {
    CAPTURE(text);
    CHECK(refusal_of(text).message.starts_with("the body is not JSON: it goes wrong at byte "));
    CHECK(refusal_of(text).kind == Kind::bad_request);
  }
  CHECK(refusal_of(std::string_view("{}\0x", 4)).message == "the body is not JSON");
  CHECK(refusal_of("{\"a\":1e999}").message.starts_with("the body has a number that is too large, at byte "));
  CHECK(refusal_of("{\"a\":1e999}").kind == Kind::bad_request);
}

TEST_CASE("json members: one that comes twice is refused, at any depth") {
  CHECK(refusal_of(R"({"a":1,"a":1})").message == "the body has a twice");
  CHECK(refusal_of(R"({"b":[{"a_1":1,"a_1":2}]})").message == "the body has a_1 twice");
  CHECK(refusal_of(R"({"b":{"-----":1,"-----":2}})").message == "the body has a member twice");
  CHECK(read_json_members(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})", "the body"));
}

TEST_CASE("json members: depth and size are bounded") {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  CHECK(read_json_members(nested(kMaxJsonDepth), "the body"));
  CHECK(refusal_of(nested(kMaxJsonDepth + 1)).message == "the body is nested deeper than 16");
  CHECK(refusal_of(nested(100'000)).message == "the body is nested deeper than 16");

  const std::string most = "{\"a\":\"" + std::string(kMaxJson - 8, 'x') + "\"}";
  CHECK(read_json_members(most, "the body"));
  CHECK(refusal_of(most + ' ').kind == Kind::too_large);
}

}  // namespace
}  // namespace fleetsign::protocol
