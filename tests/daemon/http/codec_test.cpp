// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/codec.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace fleetsign::http {
namespace {

struct Rig {
  std::atomic<bool> closing{false};
  std::vector<std::string> reports;
  Codec codec;

  explicit Rig(Handler handler, Codec::RefusalReply refusal = nullptr)
      : codec(std::move(handler), std::move(refusal), closing,
              [this](const std::string& message) { reports.push_back(message); }) {}

  Answer answer(const std::string& bytes) {
    auto head = parse_head(bytes, Limits{});
    REQUIRE(head.ok());
    return codec.answer(*head);
  }
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kHead = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";

Handler giving(const Reply& reply) {
  return [reply](const Request&) { return reply; };
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

bool has(const Answer& answer, const std::string& line) {
  return count(answer.head, "\r\n" + line + "\r\n") == 1;
}

TEST_CASE("codec: a reply goes out with its status, its fields, its length and a date, and nothing else") {
  Rig rig(giving({.status = 202, .headers = {{"X-One", "a%41 \xc3\xa4"}}, .body = "body"}));
  const Answer answer = rig.answer(kGet);
  CHECK(answer.head.starts_with("HTTP/1.1 202 Accepted\r\n"));
  CHECK(answer.head.ends_with("\r\n\r\n"));
  CHECK(has(answer, "X-One: a%41 \xc3\xa4"));
  CHECK(has(answer, "Content-Length: 4"));
  CHECK(count(answer.head, "\r\nDate: ") == 1);
  CHECK(count(answer.head, "\r\n") == 5);
  CHECK(answer.body == "body");
  CHECK_FALSE(answer.close);
}

TEST_CASE("codec: the date has the form that HTTP prescribes") {
  Rig rig(giving({}));
  const std::string head = rig.answer(kGet).head;
  const std::string date = head.substr(head.find("Date: ") + 6, 29);
  CHECK(date.substr(3, 2) == ", ");
  CHECK(date.ends_with(" GMT"));
  std::tm parts{};
  REQUIRE(strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) != nullptr);
  CHECK(std::abs(std::difftime(timegm(&parts), std::time(nullptr))) < 60);
}

TEST_CASE("codec: fields of one name all go out, in their order") {
  Rig rig(giving({.headers = {{"Set-Cookie", "a"}, {"Via", "x"}, {"Set-Cookie", "b"}}}));
  const std::string head = rig.answer(kGet).head;
  CHECK(head.find("Set-Cookie: a") < head.find("Set-Cookie: b"));
  CHECK(count(head, "Set-Cookie: ") == 2);
}

TEST_CASE("codec: framing and persistence are not the handler's, whatever it copied from upstream") {
  Rig rig(giving({.headers = {{"content-length", "999"},
                              {"Transfer-Encoding", "chunked"},
                              {"CONNECTION", "upgrade"},
                              {"Keep-Alive", "timeout=1"}},
                  .body = "four"}));
  const Answer answer = rig.answer(kGet);
  CHECK(has(answer, "Content-Length: 4"));
  CHECK(count(answer.head, "ontent-") == 1);
  CHECK(answer.head.find("chunked") == std::string::npos);
  CHECK(answer.head.find("upgrade") == std::string::npos);
  CHECK(answer.head.find("timeout") == std::string::npos);
}

TEST_CASE("codec: a field that would break the head is left out") {
  Rig rig(giving({.headers = {{"X-Evil", "a\r\nSet-Cookie: b"},
                              {"X-Null", std::string("a\0b", 3)},
                              {"X Evil", "a"},
                              {"", "a"},
                              {"X-Evil\r\nX-More", "a"},
                              {"X-Good", "a"}}}));
  const Answer answer = rig.answer(kGet);
  CHECK(count(answer.head, "Evil") == 0);
  CHECK(count(answer.head, "Null") == 0);
  CHECK(has(answer, "X-Good: a"));
  CHECK(count(answer.head, "\r\n") == 5);
}

TEST_CASE("codec: HEAD gets the length that GET would give, and no body") {
  Rig rig(giving({.body = "twelve bytes"}));
  const Answer answer = rig.answer(kHead);
  CHECK(has(answer, "Content-Length: 12"));
  CHECK(answer.body.empty());
  CHECK(answer.head.find("Accept-Ranges") == std::string::npos);
}

TEST_CASE("codec: statuses without content have neither body nor length") {
  for (const int status : {204, 304}) {
    Rig rig(giving({.status = status, .body = "left over"}));
    const Answer answer = rig.answer(kGet);
    CHECK(answer.body.empty());
    CHECK(answer.head.find("Content-Length") == std::string::npos);
  }
}

TEST_CASE("codec: a reply with an empty body says so, and gets no content type") {
  Rig rig(giving({.status = 401}));
  const Answer answer = rig.answer(kGet);
  CHECK(has(answer, "Content-Length: 0"));
  CHECK(answer.head.find("Content-Type") == std::string::npos);
}

TEST_CASE("codec: the connection is kept as the caller asks") {
  Rig rig(giving({}));
  CHECK_FALSE(rig.answer(kGet).close);
  CHECK(rig.answer(kGet).head.find("Connection") == std::string::npos);
  const Answer closed = rig.answer("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(closed.close);
  CHECK(has(closed, "Connection: close"));
  CHECK(rig.answer("GET / HTTP/1.0\r\n\r\n").close);
  const Answer kept = rig.answer("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK_FALSE(kept.close);
  CHECK(has(kept, "Connection: keep-alive"));
}

TEST_CASE("codec: once closing, every reply closes, also one that was begun before") {
  Rig* self = nullptr;
  Rig rig([&](const Request&) {
    self->closing = true;
    return Reply{};
  });
  self = &rig;
  const Answer answer = rig.answer(kGet);
  CHECK(answer.close);
  CHECK(has(answer, "Connection: close"));
}

TEST_CASE("codec: a handler that throws becomes a 500 that says nothing of the exception, which is reported") {
  const std::string long_text = "secret-5f3a\n\x7f\xc3\xa4 " + std::string(1000, 'x');
  for (const bool standard : {true, false}) {
    Rig rig([&, standard](const Request&) -> Reply {
      if (standard) throw std::runtime_error(long_text);
      throw 53;
    });
    const Answer answer = rig.answer(kGet);
    CHECK(answer.head.starts_with("HTTP/1.1 500 "));
    CHECK(answer.close);
    CHECK((answer.head + answer.body).find("secret") == std::string::npos);
    CHECK(answer.head.find("EXCEPTION") == std::string::npos);
    REQUIRE(rig.reports.size() == 1);
    CHECK(rig.reports[0] == "a handler has thrown: " + (standard ? "secret-5f3a???? " + std::string(184, 'x')
                                                                 : "something that is no exception"));
  }
}

TEST_CASE("codec: a status that ends no request is a 500") {
  for (const int status : {0, 100, 101, 600, -1}) {
    Rig rig(giving({.status = status}));
    CHECK(rig.answer(kGet).head.starts_with("HTTP/1.1 500 "));
  }
}

TEST_CASE("codec: refusals are made by the function for them, and close") {
  Rig rig(giving({}), [](int status, const std::string& reason) {
    return Reply{.status = 299, .headers = {{"X-Id", "7"}}, .body = std::to_string(status) + ": " + reason};
  });
  const Answer answer = rig.codec.refuse({414, "too long"});
  CHECK(answer.head.starts_with("HTTP/1.1 414 "));
  CHECK(has(answer, "X-Id: 7"));
  CHECK(has(answer, "Connection: close"));
  CHECK(answer.body == "414: too long");
  CHECK(answer.close);
}

TEST_CASE("codec: a refusal for want of room says when to try again") {
  Rig rig(giving({}));
  const Answer answer = rig.codec.refuse({503, "full"});
  CHECK(has(answer, "Retry-After: 1"));
  CHECK(answer.body == "full\n");
  Rig other(giving({}), [](int, const std::string&) { return Reply{.headers = {{"Retry-After", "9"}}}; });
  CHECK(has(other.codec.refuse({503, "full"}), "Retry-After: 9"));
}

TEST_CASE("codec: an ordered cut loses the whole reply, or the end of its body") {
  Rig nothing(giving({.body = "0123456789", .cut = Cut{.body_bytes = 4}}));
  CHECK(nothing.answer(kGet).head.empty());
  CHECK(nothing.answer(kGet).body.empty());
  CHECK(nothing.answer(kGet).close);

  Rig half(giving({.body = "0123456789", .cut = Cut{.body_bytes = 4, .head = true}}));
  CHECK(has(half.answer(kGet), "Content-Length: 10"));
  CHECK(half.answer(kGet).body == "0123");
  CHECK(half.answer(kGet).close);

  Rig beyond(giving({.body = "0123456789", .cut = Cut{.body_bytes = 99, .head = true}}));
  CHECK(beyond.answer(kGet).body == "0123456789");
}

}  // namespace
}  // namespace fleetsign::http
