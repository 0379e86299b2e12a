// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/head.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace fleetsign::http {
namespace {

using namespace std::string_literals;

const Limits kLimits{.uri_bytes = 100, .header_bytes = 300, .header_count = 5};

Head parsed(const std::string& bytes) {
  auto head = parse_head(bytes, kLimits);
  REQUIRE(head.ok());
  return std::move(head).value();
}

/// A request with these fields behind its Host.
std::string with(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}
std::string line(const std::string& request_line) {
  return request_line + "\r\nHost: h\r\n\r\n";
}

TEST_CASE("head: all parts of a plain request are there, as sent, but for the path in its one spelling") {
  const Head head = parsed("POST /a%2fb/c?x=%41&y?z HTTP/1.1\r\nHost: h:1\r\nX-Odd:  \t a%41 b\t \r\nEmpty:\r\n\r\n");
  CHECK(head.request.method == "POST");
  CHECK(head.request.target == "/a%2fb/c?x=%41&y?z");
  CHECK(head.request.path == "/a%2Fb/c");
  CHECK(head.request.query == "x=%41&y?z");
  CHECK(head.request.headers.size() == 3);
  CHECK(*head.request.headers.find("x-odd") == "a%41 b");
  CHECK(*head.request.headers.find("empty") == "");
  CHECK(head.request.headers.begin()->name == "Host");
  CHECK(head.keep_alive);
  CHECK(head.framing.kind == Framing::Kind::none);
}

TEST_CASE("head: unknown methods are for the handler to judge") {
  CHECK(parsed(line("BREW / HTTP/1.1")).request.method == "BREW");
}

TEST_CASE("head: malformed or ambiguous heads are refused, each with its status") {
  struct Case {
    const char* what;
    std::string bytes;
    int status;
  };
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::vector<Case> cases{
      {"nothing but an empty line", "\r\n\r\n", 400},
      {"no target", line("GET"), 400},
      {"no version", line("GET /"), 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"two spaces", line("GET  / HTTP/1.1"), 400},
      {"a space in the target", line("GET /a b HTTP/1.1"), 400},
      {"a tab for a space", line("GET\t/ HTTP/1.1"), 400},
      {"a space first", line(" GET / HTTP/1.1"), 400},
      {"a space last", line("GET / HTTP/1.1 "), 400},
      {"a method that is no token", line("G(T / HTTP/1.1"), 400},
      {"an endless method", line(std::string(33, 'M') + " / HTTP/1.1"), 400},
      {"a null character in the target", line("GET /\0 HTTP/1.1"s), 400},
      {"a control character in the target", line("GET /\x01 HTTP/1.1"), 400},
      {"a raw UTF-8 target", line("GET /\xc3\xa4 HTTP/1.1"), 400},
      {"a fragment", line("GET /#f HTTP/1.1"), 400},
      {"half a percent encoding", line("GET /%4 HTTP/1.1"), 400},
      {"a wrong percent encoding", line("GET /%4g HTTP/1.1"), 400},
      {"a relative target", line("GET a HTTP/1.1"), 400},
      {"an authority as target", line("CONNECT h:443 HTTP/1.1"), 400},
      {"an asterisk with GET", line("GET * HTTP/1.1"), 400},
      {"a foreign scheme", line("GET ftp://h/ HTTP/1.1"), 400},
      {"an absolute target with user information", line("GET http://u@h/ HTTP/1.1"), 400},
      {"an absolute target without a host", line("GET http:///x HTTP/1.1"), 400},
      {"a long target", line("GET /" + std::string(100, 'a') + " HTTP/1.1"), 414},
      {"lower-case http", line("GET / http/1.1"), 400},
      {"a long version", line("GET / HTTP/1.10"), 400},
      {"HTTP/2", line("PRI * HTTP/2.0"), 505},
      {"HTTP/3", line("GET / HTTP/3.0"), 505},
      {"a bare line feed behind the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"a bare line feed behind a field", "GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"bare line feeds for the empty line", "GET / HTTP/1.1\r\nHost: h\n\n", 400},
      {"a carriage return in a value", get + "A: b\rC: d\r\n\r\n", 400},
      {"a null character in a value", get + "A: b\0c\r\n\r\n"s, 400},
      {"a control character in a value", get + "A: \x7f\r\n\r\n", 400},
      {"a space before the colon", get + "A : b\r\n\r\n", 400},
      {"a space before the name", get + " A: b\r\n\r\n", 400},
      {"a folded line", get + "A: b\r\n c\r\n\r\n", 400},
      {"a field folded with a tab", get + "A: b\r\n\tc: d\r\n\r\n", 400},
      {"no colon", get + "A\r\n\r\n", 400},
      {"no name", get + ": b\r\n\r\n", 400},
      {"a name that is no token", get + "A[]: b\r\n\r\n", 400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", get + "host: h\r\n\r\n", 400},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n", 400},
      {"a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"a Host with user information", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"too many fields", get + "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n", 431},
      {"fields too large", get + "A: " + std::string(300, 'a') + "\r\n\r\n", 431},
      {"a Content-Length that is no number", with("Content-Length: x\r\n"), 400},
      {"an empty Content-Length", with("Content-Length:\r\n"), 400},
      {"a signed Content-Length", with("Content-Length: +5\r\n"), 400},
      {"a negative Content-Length", with("Content-Length: -5\r\n"), 400},
      {"a hexadecimal Content-Length", with("Content-Length: 0x5\r\n"), 400},
      {"a Content-Length in two words", with("Content-Length: 5 5\r\n"), 400},
      {"a list of equal lengths", with("Content-Length: 5, 5\r\n"), 400},
      {"two different lengths", with("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {"two equal lengths", with("Content-Length: 5\r\ncontent-length: 5\r\n"), 400},
      {"length and coding", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"coding and length", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {"two codings", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"a list of codings", with("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"the identity coding", with("Transfer-Encoding: identity\r\n"), 400},
      {"an empty coding", with("Transfer-Encoding:\r\n"), 400},
      {"a disguised coding",
       with("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       400},
      {"a quoted coding", with("Transfer-Encoding: \"chunked\"\r\n"), 400},
      {"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const auto head = parse_head(c.bytes, kLimits);
    REQUIRE_FALSE(head.ok());
    CHECK(head.error().status == c.status);
    CHECK_FALSE(head.error().reason.empty());
  }
}

TEST_CASE("head: what is just within the limits is accepted") {
  CHECK(parsed(line("GET /" + std::string(99, 'a') + " HTTP/1.1")).request.path.size() == 100);
  CHECK(parsed(with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n")).request.headers.size() == 5);
  const std::string before = "Host: h\r\nA: \r\n";
  CHECK_NOTHROW(parsed(with("A: " + std::string(300 - before.size(), 'a') + "\r\n")));
}

TEST_CASE("head: a body is framed by its length or by chunks") {
  CHECK(parsed(with("Content-Length: 0\r\n")).framing.kind == Framing::Kind::sized);
  CHECK(parsed(with("Content-Length: 0012\r\n")).framing.size == 12);
  CHECK(parsed(with("Content-Length: 99999999999999999999999\r\n")).framing.size == std::string::npos);
  CHECK(parsed(with("transfer-encoding: CHUNKED\r\n")).framing.kind == Framing::Kind::chunked);
}

TEST_CASE("head: an absolute target gives its path, and its host replaces the Host field") {
  const Head head = parsed("GET HTTP://real:81/a?b HTTP/1.1\r\nHost: other\r\n\r\n");
  CHECK(head.request.target == "/a?b");
  CHECK(head.request.path == "/a");
  CHECK(head.request.query == "b");
  CHECK(head.request.headers.count("Host") == 1);
  CHECK(*head.request.headers.find("Host") == "real:81");

  CHECK(parsed(line("GET http://h HTTP/1.1")).request.target == "/");
  CHECK(parsed(line("GET http://h?q HTTP/1.1")).request.target == "/?q");
  CHECK(*parsed(line("GET http://[::1]:8/ HTTP/1.1")).request.headers.find("Host") == "[::1]:8");
}

TEST_CASE("head: OPTIONS may ask for the server as a whole") {
  CHECK(parsed(line("OPTIONS * HTTP/1.1")).request.path == "*");
}

TEST_CASE("head: who keeps the connection depends on the version and on Connection") {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    return parsed("GET / " + version + "\r\nHost: h\r\n" + fields + "\r\n").keep_alive;
  };
  CHECK(keeps("HTTP/1.1", ""));
  CHECK(keeps("HTTP/1.9", ""));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1", "connection: x ,\tCLOSE\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1", "Connection: x\r\nConnection: close\r\n"));
  CHECK(keeps("HTTP/1.1", "Connection: closed\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0", ""));
  CHECK(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST_CASE("head: HTTP/1.0 needs no Host") {
  CHECK(parsed("GET / HTTP/1.0\r\n\r\n").http_1_0);
}

TEST_CASE("head: an expectation is one of HTTP/1.1 only") {
  CHECK(parsed(with("Expect: 100-Continue\r\n")).expects_continue);
  CHECK_FALSE(parsed(with("Expect: 200-ok\r\n")).expects_continue);
  CHECK_FALSE(parsed("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST_CASE("head: its end is found wherever the bytes before were cut") {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n\r\nbehind";
  for (std::size_t searched = 0; searched < bytes.size() - 6; ++searched) {
    CAPTURE(searched);
    CHECK_FALSE(find_head_end(bytes.substr(0, searched), 0).has_value());
    CHECK(find_head_end(bytes, searched) == bytes.size() - 6);
  }
  CHECK(find_head_end("GET /\n\nrest", 0) == 7);
  CHECK(find_head_end("GET /\n\r\nrest", 0) == 8);
}

TEST_CASE("head: the beginning of one is refused as soon as it cannot become one any more") {
  const auto status = [](const std::string& bytes) {
    const auto refusal = refuse_unfinished_head(bytes, kLimits);
    return refusal ? refusal->status : 0;
  };
  CHECK(status("") == 0);
  CHECK(status("G") == 0);
  CHECK(status("\x16\x03\x01") == 400);  // how TLS begins
  CHECK(status("GET /" + std::string(90, 'a')) == 0);
  CHECK(status("GET /" + std::string(200, 'a')) == 414);
  CHECK(status("GET / HTTP/1.1\r\nA: " + std::string(250, 'a')) == 0);
  CHECK(status("GET / HTTP/1.1\r\nA: " + std::string(301, 'a')) == 431);
}

}  // namespace
}  // namespace fleetsign::http
