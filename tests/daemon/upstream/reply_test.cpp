// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/reply.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

using fleetsign::upstream::Delivered;
using fleetsign::upstream::Reply;

namespace {

void take_all(Reply& reply, std::initializer_list<const char*> lines) {
  for (const char* line : lines) REQUIRE(reply.take_line(line));
}

std::vector<std::pair<std::string, std::string>> fields_of(const Delivered& delivered) {
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& field : delivered.headers) fields.emplace_back(field.name, field.value);
  return fields;
}

}  // namespace

TEST_CASE("reply: status, fields in order and body are as received") {
  Reply reply(100);
  CHECK_FALSE(reply.begun());
  take_all(reply,
           {"HTTP/1.1 404 Not Found\r\n", "B: 2\r\n", "a:1 \t\r\n", "B:  three: four\r\n", "Empty:\r\n", "\r\n"});
  CHECK(reply.begun());
  CHECK(reply.take_body("one "));
  CHECK(reply.take_body(std::string_view("t\0o", 3)));
  const Delivered delivered = reply.take();
  CHECK(delivered.status == 404);
  CHECK(fields_of(delivered) ==
        std::vector<std::pair<std::string, std::string>>{{"B", "2"}, {"a", "1"}, {"B", "three: four"}, {"Empty", ""}});
  CHECK(delivered.body == std::string("one t\0o", 7));
}

TEST_CASE("reply: HTTP/2 and a missing reason phrase are fine") {
  for (const char* line : {"HTTP/2 200 \r\n", "HTTP/2 200\r\n", "HTTP/1.1 200\n", "HTTP/1.0 200 OK\r\n"}) {
    CAPTURE(line);
    Reply reply(0);
    take_all(reply, {line, "\r\n"});
    CHECK(reply.take().status == 200);
  }
}

TEST_CASE("reply: interim responses and trailers leave nothing behind") {
  Reply reply(100);
  take_all(reply, {"HTTP/1.1 100 Continue\r\n", "X-Interim: 1\r\n", "\r\n"});
  CHECK_FALSE(reply.begun());
  take_all(reply,
           {"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "X-Final: 2\r\n", "\r\n"});
  REQUIRE(reply.take_body("body"));
  take_all(reply, {"X-Trailer: 3\r\n", "\r\n"});
  const Delivered delivered = reply.take();
  CHECK(delivered.status == 200);
  CHECK(fields_of(delivered) == std::vector<std::pair<std::string, std::string>>{{"X-Final", "2"}});
}

TEST_CASE("reply: a folded value is joined") {
  Reply reply(0);
  take_all(reply, {"HTTP/1.1 200 OK\r\n", "X: one\r\n", "  two\r\n", "\tthree\r\n", "Y: z\r\n", "\r\n"});
  CHECK(fields_of(reply.take()) ==
        std::vector<std::pair<std::string, std::string>>{{"X", "one two three"}, {"Y", "z"}});
}

TEST_CASE("reply: the body's bound is exact") {
  Reply reply(10);
  take_all(reply, {"HTTP/1.1 200 OK\r\n", "\r\n"});
  CHECK(reply.take_body("12345"));
  CHECK(reply.take_body("67890"));
  CHECK(reply.excess() == nullptr);
  CHECK_FALSE(reply.take_body("1"));
  CHECK(std::string(reply.excess()) == "the body of the reply is too large");
}

TEST_CASE("reply: the heads' bound counts interim responses and trailers") {
  const std::string line = "X: " + std::string(1019, 'x') + "\r\n";  // 1 KiB
  Reply reply(0);
  REQUIRE(reply.take_line("HTTP/1.1 103 Early Hints\r\n"));
  for (int i = 0; i < 32; ++i) REQUIRE(reply.take_line(line));
  take_all(reply, {"\r\n", "HTTP/1.1 200 OK\r\n"});
  for (int i = 0; i < 31; ++i) REQUIRE(reply.take_line(line));
  REQUIRE(reply.take_line("\r\n"));
  CHECK(reply.excess() == nullptr);
  CHECK_FALSE(reply.take_line(line));
  CHECK(std::string(reply.excess()) == "the head of the reply is too large");
}
