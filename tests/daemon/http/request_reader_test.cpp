// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/request_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace fleetsign::http {
namespace {

const Limits kLimits{
    .uri_bytes = 100, .header_bytes = 300, .header_count = 5, .body_bytes = 1000, .streamed_body_bytes = 2000};

/// What a connection's bytes come to: the bodies of its requests, then the status of the refusal, if any.
std::vector<std::string> read_all(const std::string& bytes, std::size_t piece) {
  RequestReader reader(kLimits);
  std::vector<std::string> found;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto refusal = reader.feed(std::string_view(bytes).substr(at, piece));
    while (!refusal && reader.complete()) {
      const Head head = reader.take();
      found.push_back(head.request.method + " " + head.request.target + " " + head.request.body);
      refusal = reader.feed({});
    }
    if (refusal) {
      found.push_back(std::to_string(refusal->status));
      break;
    }
  }
  return found;
}

TEST_CASE("request reader: pipelined requests come out one by one, however the bytes are cut") {
  const std::string bytes =
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 27\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n "
      "PUT /4 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "GET /5 HTTP/1.1\r\nHost: h\r\n\r\n"
      "broken\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    CAPTURE(piece);
    const std::vector<std::string> expected{"POST /1 hello", "GET /2 ", "GET /3 GET /smuggled HTTP/1.1\r\n\r\n ",
                                            "PUT /4 abc",    "GET /5 ", "400"};
    CHECK(read_all(bytes, piece) == expected);
  }
}

TEST_CASE("request reader: one empty line before a request is skipped, a second one is not") {
  CHECK(read_all("\r\nGET / HTTP/1.0\r\n\r\n", 1) == std::vector<std::string>{"GET / "});
  CHECK(read_all("\r\n\r\nGET / HTTP/1.0\r\n\r\n", 1) == std::vector<std::string>{"400"});
  CHECK(read_all("\n", 1) == std::vector<std::string>{"400"});
  CHECK(read_all("\rGET", 1) == std::vector<std::string>{"400"});
}

TEST_CASE("request reader: an empty line behind a request does not begin the next one") {
  RequestReader reader(kLimits);
  CHECK_FALSE(reader.feed("GET / HTTP/1.0\r\n\r\n\r\n").has_value());
  CHECK(reader.complete());
  reader.take();
  CHECK_FALSE(reader.feed({}).has_value());
  CHECK(reader.idle());
}

TEST_CASE("request reader: it is idle exactly between requests") {
  RequestReader reader(kLimits);
  CHECK(reader.idle());
  CHECK_FALSE(reader.feed("P").has_value());
  CHECK_FALSE(reader.idle());
  CHECK_FALSE(reader.feed("OST / HTTP/1.0\r\nContent-Length: 1\r\n\r\n").has_value());
  CHECK_FALSE(reader.idle());
  CHECK_FALSE(reader.complete());
  CHECK_FALSE(reader.feed("x").has_value());
  CHECK(reader.complete());
  reader.take();
  CHECK(reader.idle());
}

TEST_CASE("request reader: limits hold for heads that never end") {
  CHECK(read_all("GET /" + std::string(5000, 'a'), 100) == std::vector<std::string>{"414"});
  CHECK(read_all("GET / HTTP/1.1\r\nA: " + std::string(5000, 'a'), 100) == std::vector<std::string>{"431"});
}

TEST_CASE("request reader: a body is as long as its limit at most, which method, target and endpoint choose") {
  const auto status = [](const std::string& target, std::size_t endpoint, const std::string& size) {
    RequestReader reader(
        kLimits,
        [](const Request& head) {
          const bool is_large = head.method == "PUT" && head.path == "/large" && head.endpoint == 1;
          return is_large ? BodyLimit::streamed : BodyLimit::usual;
        },
        endpoint);
    const auto refusal = reader.feed("PUT " + target + " HTTP/1.0\r\nContent-Length: " + size + "\r\n\r\n");
    return refusal ? refusal->status : 0;
  };
  CHECK(status("/large?x", 1, "2000") == 0);
  CHECK(status("/large?x", 1, "2001") == 413);
  for (const auto& [target, endpoint] : {std::pair{"/large", 0}, std::pair{"/", 1}}) {
    CHECK(status(target, static_cast<std::size_t>(endpoint), "1000") == 0);
    CHECK(status(target, static_cast<std::size_t>(endpoint), "1001") == 413);
  }
  CHECK(read_all("POST / HTTP/1.0\r\nContent-Length: 1001\r\n\r\n", 100) == std::vector<std::string>{"413"});
  CHECK(read_all("POST / HTTP/1.0\r\nContent-Length: 99999999999999999999999\r\n\r\n", 100) ==
        std::vector<std::string>{"413"});
}

TEST_CASE("request reader: the expectation is told once, and only while the body is missing") {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  RequestReader waiting(kLimits);
  CHECK_FALSE(waiting.feed(head).has_value());
  CHECK(waiting.take_expectation());
  CHECK_FALSE(waiting.take_expectation());

  RequestReader impatient(kLimits);
  CHECK_FALSE(impatient.feed(head + "a").has_value());
  CHECK_FALSE(impatient.take_expectation());

  RequestReader without_body(kLimits);
  CHECK_FALSE(without_body.feed("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n").has_value());
  CHECK_FALSE(without_body.take_expectation());
}

}  // namespace
}  // namespace fleetsign::http
