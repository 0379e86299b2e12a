// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/chunked_body.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace fleetsign::http {
namespace {

const Limits kLimits{.header_bytes = 100, .header_count = 2};
constexpr std::size_t kBodyBytes = 20;

struct Outcome {
  int status = 0;
  bool done = false;
  std::string body;
  std::string rest;
};

/// Feeds the text in pieces of this size, as a connection would.
Outcome decode(const std::string& text, std::size_t piece) {
  ChunkedBody chunked;
  Outcome outcome;
  std::string kept;
  for (std::size_t at = 0; at < text.size() && !outcome.done; at += piece) {
    kept += text.substr(at, piece);
    std::string_view bytes = kept;
    const auto refusal = chunked.decode(bytes, outcome.body, kBodyBytes, kLimits);
    if (refusal) outcome.status = refusal->status;
    if (refusal) return outcome;
    kept = bytes;
    outcome.done = chunked.done();
    if (outcome.done) outcome.rest = kept + text.substr(std::min(at + piece, text.size()));
  }
  return outcome;
}

TEST_CASE("chunked body: the content comes out, and what follows stays, however the bytes are cut") {
  const std::string text = "5\r\nhello\r\na;x=\"y\"\r\n, world\r\n!\r\n000\r\nTrailer: dropped\r\n\r\nGET /";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CAPTURE(piece);
    const Outcome outcome = decode(text, piece);
    CHECK(outcome.done);
    CHECK(outcome.body == "hello, world\r\n!");
    CHECK(outcome.rest == "GET /");
  }
}

TEST_CASE("chunked body: any error of framing is refused, however the bytes are cut") {
  struct Case {
    const char* what;
    std::string text;
    int status;
  };
  const std::vector<Case> cases{
      {"no size", "\r\nhello\r\n", 400},
      {"a size that is no number", "x\r\n", 400},
      {"a prefix", "0x5\r\nhello\r\n", 400},
      {"a sign", "-5\r\nhello\r\n", 400},
      {"a plus sign", "+5\r\nhello\r\n", 400},
      {"a space behind the size", "5 ;x\r\nhello\r\n", 400},
      {"a space before the size", " 5\r\nhello\r\n", 400},
      {"a size of 17 digits", "00000000000000005\r\nhello\r\n", 400},
      {"a bare line feed behind the size", "5\nhello\r\n", 400},
      {"a bare line feed behind the data", "5\r\nhello\n0\r\n\r\n", 400},
      {"more data than the size", "5\r\nhello!\r\n", 400},
      {"less data than the size", "5\r\nhell\r\n0\r\n\r\n", 400},
      {"a control character in an extension", "5;\x01\r\nhello\r\n", 400},
      {"an endless extension", "5;" + std::string(2000, 'x'), 400},
      {"too much in extensions together",
       "1;" + std::string(500, 'x') + "\r\na\r\n1;" + std::string(500, 'x') + "\r\na\r\n1;" + std::string(500, 'x') +
           "\r\n",
       400},
      {"a body that is too large at once", "15\r\n", 413},
      {"a body that becomes too large", "A\r\n0123456789\r\nB\r\n", 413},
      {"the largest size there is", "ffffffffffffffff\r\n", 413},
      {"a malformed trailer", "0\r\nno colon\r\n\r\n", 400},
      {"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", 400},
      {"a bare line feed behind the trailer", "0\r\n\n", 400},
      {"too many trailers", "0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", 431},
      {"trailers too large", "0\r\nA: " + std::string(50, 'b') + "\r\nA: " + std::string(50, 'b') + "\r\n\r\n", 431},
      {"an endless trailer", "0\r\nA: " + std::string(200, 'b'), 431},
  };
  for (const Case& c : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, c.text.size()}) {
      CAPTURE(c.what);
      CAPTURE(piece);
      CHECK(decode(c.text, piece).status == c.status);
    }
  }
}

TEST_CASE("chunked body: one as large as the limit is accepted") {
  const Outcome outcome = decode("14\r\n01234567890123456789\r\n0\r\n\r\n", 3);
  CHECK(outcome.done);
  CHECK(outcome.body.size() == 20);
}

TEST_CASE("chunked body: without its last chunk it is never done") {
  CHECK_FALSE(decode("5\r\nhello\r\n", 4).done);
  CHECK_FALSE(decode("5\r\nhello\r\n0\r\n", 4).done);
  CHECK_FALSE(decode("5\r\nhello\r\n0\r\nA: b\r\n", 4).done);
}

}  // namespace
}  // namespace fleetsign::http
