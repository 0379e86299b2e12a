// SPDX-License-Identifier: Apache-2.0
#include "protocol/answer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace fleetsign::protocol {
namespace {

constexpr std::string_view kAsleep =
    R"({"response":null,"error":"vehicle unavailable: vehicle is offline or asleep","error_description":""})";

Executed executed_at(int status, std::string_view body = {}) {
  return read_status({.status = status, .body = body}).was_executed();
}

TEST_CASE("answer: every status from 100 to 599 has exactly one row") {
  for (int status = 100; status <= 599; ++status) {
    CAPTURE(status);
    const auto holds = [&](const StatusRow& row) { return row.first <= status && status <= row.last; };
    CHECK(std::ranges::count_if(statuses(), holds) == 1);
  }
}

TEST_CASE("answer: after 408, 499 and every 5xx a command may have been executed, after other 4xx not") {
  for (int status = 400; status <= 599; ++status) {
    CAPTURE(status);
    const bool doubtful = status == 408 || status == 499 || status >= 500;
    CHECK(executed_at(status) == (doubtful ? Executed::unknown : Executed::no));
  }
}

TEST_CASE("answer: a status that Fleet API is not known to use leaves a doubt") {
  for (const int status : {0, 99, 100, 201, 204, 301, 399, 600, 999, -1}) {
    CAPTURE(status);
    CHECK(executed_at(status) == Executed::unknown);
  }
}

TEST_CASE("answer: any other status is Fleet API's own answer") {
  for (const int status : {400, 401, 403, 404, 408, 421, 422, 429, 499, 500, 502, 503, 504}) {
    CAPTURE(status);
    const auto failure = read_status({.status = status, .body = "{}"});
    CHECK(failure.kind == Kind::upstream_error);
    CHECK(failure.message.find(std::to_string(status)) != std::string::npos);
  }
}

TEST_CASE("answer: a 408 that says that the vehicle is asleep proves that nothing reached it") {
  const auto failure = read_status({.status = 408, .body = kAsleep});
  CHECK(failure.kind == Kind::vehicle_unavailable);
  CHECK(failure.was_executed() == Executed::no);
  CHECK(failure.message == "vehicle unavailable: vehicle is offline or asleep");
}

TEST_CASE("answer: the same words in any other status prove nothing, nor does a 503 with its own") {
  CHECK(executed_at(503, kAsleep) == Executed::unknown);
  CHECK(executed_at(504, kAsleep) == Executed::unknown);
  CHECK(read_status({.status = 503, .body = kAsleep}).kind == Kind::upstream_error);
  CHECK(executed_at(503, R"({"response":null,"error":"vehicle is not available","error_description":""})") ==
        Executed::unknown);
}

TEST_CASE("answer: a failure never repeats the body") {
  CHECK(read_status({.status = 500, .body = "a secret"}).message.find("secret") == std::string::npos);
}

TEST_CASE("answer: the vehicle's message is read from a 200, whatever else stands there") {
  for (const std::string body :
       {R"({"response":"AAEC/w=="})", R"( { "response" : "AAEC\/w==", "error": null, "txid": {"a": [1]} } )"}) {
    CAPTURE(body);
    const auto message = read_message(body);
    REQUIRE(message);
    CHECK(*message == crypto::Bytes{0, 1, 2, 0xFF});
  }
}

TEST_CASE("answer: a body without a message of the vehicle is malformed") {
  const std::vector<std::string> bodies = {
      "",
      "null",
      "[]",
      R"("AAEC")",
      "{}",
      R"({"response":null})",
      R"({"response":""})",
      R"({"response":42})",
      R"({"response":{"result":true}})",
      R"({"response":["AAEC"]})",
      R"({"response":"AAEC)",
      R"({"response":"AAE"})",
      R"({"response":"AAEC!"})",
      R"({"response":"AA EC"})",
      R"({"response":"__-_"})",
      R"({"Response":"AAEC"})",
      R"({"response":"AAEC"} trailing)",
      "<html>502 Bad Gateway</html>",
      std::string(100'000, '['),
  };
  for (const auto& body : bodies) {
    CAPTURE(body.substr(0, 40));
    const auto message = read_message(body);
    REQUIRE_FALSE(message);
    CHECK(message.error().kind == Kind::upstream_malformed);
    CHECK(message.error().was_executed() == Executed::unknown);
  }
}

TEST_CASE("answer: a message is written as Fleet API takes it") {
  CHECK(write_message(crypto::Bytes{0, 1, 2, 0xFF}) == R"({"routable_message":"AAEC/w=="})");
  CHECK(write_message({}) == R"({"routable_message":""})");
}

}  // namespace
}  // namespace fleetsign::protocol
