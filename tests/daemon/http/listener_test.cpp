// SPDX-License-Identifier: Apache-2.0
// What a caller and a handler see of each other, through real sockets.
#include "daemon/http/listener.h"

#include <doctest/doctest.h>

#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/http/listener_fixture.h"

namespace fleetsign::http {
namespace {

using namespace std::string_literals;

/// Serves one exchange and gives what the handler saw.
Request seen(const std::string& bytes) {
  std::promise<Request> promise;
  const auto listener = listen([&](const Request& request) {
    promise.set_value(request);
    return text("ok");
  });
  Caller caller(listener->urls().front());
  CHECK(caller.ask(bytes) == 200);
  return promise.get_future().get();
}

TEST_CASE("listener: a request reaches the handler as it was sent, with its peer") {
  const Request request = seen("POST /a%2Fb?c=%41?d HTTP/1.1\r\nHost: h\r\nX: a%41\r\nContent-Length: 3\r\n\r\na\0b"s);
  CHECK(request.method == "POST");
  CHECK(request.target == "/a%2Fb?c=%41?d");
  CHECK(request.path == "/a%2Fb");
  CHECK(request.query == "c=%41?d");
  CHECK(*request.headers.find("x") == "a%41");
  CHECK(request.body == "a\0b"s);
  CHECK(request.peer.address == "127.0.0.1");
  CHECK_FALSE(request.peer.uid.has_value());
}

TEST_CASE("listener: a client cannot say who it is in REMOTE_ADDR") {
  const Request request = seen("GET / HTTP/1.1\r\nHost: h\r\nREMOTE_ADDR: 10.0.0.1\r\nREMOTE_PORT: 1\r\n\r\n");
  CHECK(request.peer.address == "127.0.0.1");
  CHECK(request.headers.count("REMOTE_ADDR") == 1);
  CHECK(*request.headers.find("REMOTE_ADDR") == "10.0.0.1");
}

TEST_CASE("listener: the body is the bytes that came, whatever the fields say about them") {
  const std::string gzip_of_5000_zeros =  // head -c 5000 /dev/zero | gzip -9n
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0a\x3f\xa0\x00\x00\x00\x00\x80\xb7\x01\xa8\x0e\xe5\xd8\x88\x13\x00\x00"s;
  const std::string multipart = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--b--\r\n";
  struct Case {
    std::string field;
    std::string body;
  };
  const std::vector<Case> cases{
      {"Content-Encoding: gzip\r\n", gzip_of_5000_zeros},
      {"Content-Encoding: br\r\n", "not brotli"},
      {"Content-Encoding: unknown\r\n", "x"},
      {"Content-Type: multipart/form-data; boundary=b\r\n", multipart},
      {"Content-Type: multipart/form-data\r\n", "no boundary"},
      {"Content-Type: application/x-www-form-urlencoded\r\n", "a=%41&b=c+d"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.field);
    const Request got = seen(request("POST /", c.field, c.body));
    CHECK(got.body == c.body);
    CHECK(got.headers.size() == 3);
  }
}

TEST_CASE("listener: replies are neither compressed nor cut to a range") {
  const auto listener = listen([](const Request& request) {
    CHECK(request.headers.find("Range") != nullptr);
    CHECK(request.headers.find("Accept-Encoding") != nullptr);
    return Reply{.headers = {{"Content-Type", "application/json"}}, .body = std::string(5000, ' ')};
  });
  for (const std::string range : {"bytes=0-9", "bytes=0-1,5-6", "nonsense"}) {
    Caller caller(listener->urls().front());
    caller.send(request("GET /", "Accept-Encoding: gzip, br\r\nRange: " + range + "\r\n"));
    const auto answer = caller.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    CHECK(answer->body.size() == 5000);
    CHECK(answer->headers.find("Content-Encoding") == nullptr);
    CHECK(answer->headers.find("Content-Range") == nullptr);
  }
}

TEST_CASE("listener: a connection is kept for many requests, of any method, known or not") {
  const auto listener = listen(echo);
  Caller caller(listener->urls().front());
  for (const std::string method : {"GET", "POST", "DELETE", "BREW", "OPTIONS", "PATCH", "TRACE", "get"}) {
    caller.send(request(method + " /x"));
    const auto answer = caller.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->body == method + " /x ");
  }
}

TEST_CASE("listener: pipelined requests are answered in their order, bodies and all") {
  const auto listener = listen(echo);
  Caller caller(listener->urls().front());
  caller.send(request("POST /1", "", "one") + request("GET /2", "", "GET /smuggled HTTP/1.1\r\n\r\n") +
              request("DELETE /3", "", "three") + "\r\n" + request("HEAD /4") +
              request("PUT /5", "Transfer-Encoding: chunked\r\n") + "4\r\nfive\r\n0\r\n\r\n" + get("/6"));
  CHECK(caller.receive()->body == "POST /1 one");
  CHECK(caller.receive()->body == "GET /2 GET /smuggled HTTP/1.1\r\n\r\n");
  CHECK(caller.receive()->body == "DELETE /3 three");
  CHECK(*caller.receive(Caller::Content::none)->headers.find("Content-Length") == "8");
  CHECK(caller.receive()->body == "PUT /5 five");
  CHECK(caller.receive()->body == "GET /6 ");
}

TEST_CASE("listener: a request may come byte by byte") {
  const auto listener = listen(echo);
  Caller caller(listener->urls().front());
  for (const char c : request("POST /slow", "", "ab") + get("/next")) {
    REQUIRE(caller.send({&c, 1}));
    std::this_thread::yield();
  }
  CHECK(caller.receive()->body == "POST /slow ab");
  CHECK(caller.receive()->body == "GET /next ");
}

TEST_CASE("listener: a caller that asks is told to go on with its body") {
  const auto listener = listen(echo);
  Caller caller(listener->urls().front());
  caller.send("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(caller.receive(Caller::Content::none)->status == 100);
  caller.send("body");
  CHECK(caller.receive()->body == "POST /x body");
}

TEST_CASE("listener: a body that is refused is not asked for") {
  const auto listener = listen(echo, {.body_bytes = 3});
  Caller caller(listener->urls().front());
  CHECK(caller.ask("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n") == 413);
}

TEST_CASE("listener: HTTP/1.0 and Connection: close end the connection behind the reply") {
  const auto listener = listen(echo);
  for (const std::string& bytes : {"GET / HTTP/1.0\r\n\r\n"s, request("GET /", "Connection: close\r\n")}) {
    Caller caller(listener->urls().front());
    caller.send(bytes);
    const std::string all = caller.receive_rest();
    CHECK(all.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(all.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(all.ends_with("\r\n\r\nGET / "));
  }
}

TEST_CASE("listener: HEAD gives the length and no body") {
  const auto listener = listen(echo);
  Caller caller(listener->urls().front());
  caller.send(request("HEAD /x", "Connection: close\r\n"));
  const std::string all = caller.receive_rest();
  CHECK(all.find("Content-Length: 8\r\n") != std::string::npos);
  CHECK(all.ends_with("\r\n\r\n"));
}

TEST_CASE("listener: large bodies pass in both directions") {
  const auto listener = listen([](const Request& request) { return text(request.body + request.body); });
  std::string body(1024 * 1024, 'x');
  for (std::size_t i = 0; i < body.size(); i += 97) body[i] = static_cast<char>('a' + i % 26);
  Caller caller(listener->urls().front());
  for (int i = 0; i < 3; ++i) {
    caller.send(request("POST /", "", body));
    const auto answer = caller.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->body == body + body);
  }
}

TEST_CASE("listener: a handler that throws costs its caller a 500, and nobody else anything") {
  const auto listener = listen([](const Request& request) -> Reply {
    if (request.path == "/throw") throw std::runtime_error("secret-5f3a");
    return text("ok");
  });
  Caller caller(listener->urls().front());
  caller.send(get("/throw"));
  const std::string all = caller.receive_rest();
  CHECK(all.starts_with("HTTP/1.1 500 "));
  CHECK(all.find("secret") == std::string::npos);
  CHECK(all.find("EXCEPTION") == std::string::npos);
  CHECK(Caller(listener->urls().front()).ask(get("/")) == 200);
}

TEST_CASE("listener: a handler learns that its caller has gone") {
  std::promise<bool> before;
  std::promise<bool> after;
  Gate gate;
  const auto listener = listen([&](const Request& request) {
    before.set_value(request.caller_gone());
    gate.pass(request);  // ends when the caller has gone
    after.set_value(request.caller_gone());
    return text("nobody reads this");
  });
  {
    Caller caller(listener->urls().front());
    caller.send(get("/"));
    CHECK_FALSE(before.get_future().get());
  }
  CHECK(after.get_future().get());
}

TEST_CASE("listener: a caller that waits or has sent the next request already is not gone") {
  Gate gate;
  std::promise<bool> gone;
  const auto listener = listen([&](const Request& request) {
    if (request.path == "/2") return text("");
    gate.pass(request);
    gone.set_value(request.caller_gone());
    return text("");
  });
  Caller caller(listener->urls().front());
  caller.send(get("/1"));
  gate.wait_for(1);
  caller.send(get("/2"));
  gate.open();
  CHECK_FALSE(gone.get_future().get());
  CHECK(caller.receive()->status == 200);
  CHECK(caller.receive()->status == 200);
}

TEST_CASE("listener: a caller that closes its sending side still gets its reply") {
  const auto listener = listen(echo);
  Caller caller(listener->urls().front());
  caller.send(get("/half"));
  caller.end_output();
  CHECK(caller.receive_rest().ends_with("GET /half "));
}

TEST_CASE("listener: ordered faults cut a reply where they say") {
  const auto listener = listen([](const Request& request) {
    Reply reply = text("0123456789");
    reply.cut = Cut{.body_bytes = request.path == "/some" ? 4u : 0u, .head = request.path != "/nothing"};
    return reply;
  });
  const auto rest = [&](const std::string& path) {
    Caller caller(listener->urls().front());
    caller.send(get(path));
    return caller.receive_rest();
  };
  CHECK(rest("/nothing").empty());
  CHECK(rest("/head").find("Content-Length: 10\r\n") != std::string::npos);
  CHECK(rest("/head").ends_with("\r\n\r\n"));
  CHECK(rest("/some").ends_with("\r\n\r\n0123"));
}

TEST_CASE("listener: it serves IPv6 and several endpoints at once") {
  const auto listener = listen({.endpoints = {{"http://[::1]:0"}, {"http://localhost:0"}}, .handler = echo});
  REQUIRE(listener->urls().size() == 2);
  CHECK(listener->urls()[0].starts_with("http://[::1]:"));
  CHECK(listener->urls()[1].starts_with("http://127.0.0.1:"));
  for (const std::string& url : listener->urls()) CHECK(Caller(url).ask(get("/")) == 200);
}

TEST_CASE("listener: a handler learns by which endpoint a request came in") {
  const auto listener =
      listen({.endpoints = {{"http://127.0.0.1:0"}, {"http://127.0.0.1:0"}},
              .handler = [](const Request& request) { return text(std::to_string(request.endpoint)); }});
  REQUIRE(listener->urls().size() == 2);
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    Caller caller(listener->urls()[i]);
    caller.send(get("/") + get("/"));
    CHECK(caller.receive()->body == std::to_string(i));
    CHECK(caller.receive()->body == std::to_string(i));
  }
}

constexpr std::chrono::milliseconds kSlow{300};

/// Tells how old each request is, in milliseconds; takes its time for "/slow".
Reply tell_age(const Request& request) {
  if (request.path == "/slow") std::this_thread::sleep_for(kSlow);
  return text(std::to_string(request.age.count()));
}

std::chrono::milliseconds age_in(const std::optional<Caller::Answer>& answer) {
  REQUIRE(answer.has_value());
  return std::chrono::milliseconds(std::stol(answer->body));
}

TEST_CASE("listener: a request is as old as its first byte, not as its connection") {
  const auto listener = listen(tell_age);
  Caller caller(listener->urls().front());
  caller.send("\r\n");  // belongs to no request
  std::this_thread::sleep_for(kSlow);
  const auto begun = std::chrono::steady_clock::now();
  caller.send(request("POST /", "Content-Length: 1\r\nExpect: 100-continue\r\n"));
  CHECK(caller.receive(Caller::Content::none)->status == 100);
  std::this_thread::sleep_for(kSlow);
  caller.send("x");
  const auto age = age_in(caller.receive());
  CHECK(age >= kSlow);
  CHECK(age <= std::chrono::steady_clock::now() - begun);
}

TEST_CASE("listener: a request ages by the clock that it is given, which may go on while the machine sleeps") {
  std::atomic<std::chrono::nanoseconds::rep> time{0};
  std::atomic<int> asked{0};
  const auto clock = [&] {
    ++asked;
    return std::chrono::nanoseconds(time);
  };
  const auto listener = listen({.limits = {}, .handler = tell_age, .age_clock = clock});
  Caller caller(listener->urls().front());
  caller.send(request("POST /", "Content-Length: 1\r\nExpect: 100-continue\r\n"));
  CHECK(caller.receive(Caller::Content::none)->status == 100);
  CHECK(asked == 1);
  time = std::chrono::nanoseconds(std::chrono::hours(1)).count();
  caller.send("x");
  CHECK(age_in(caller.receive()) == std::chrono::hours(1));
}

TEST_CASE("listener: a pipelined request is as old as the reply before it") {
  const auto listener = listen(tell_age);
  Caller caller(listener->urls().front());
  const auto begun = std::chrono::steady_clock::now();
  caller.send(get("/slow") + get("/slow") + get("/"));
  age_in(caller.receive());
  for (int i = 0; i < 2; ++i) {
    const auto age = age_in(caller.receive());
    CHECK(age <= std::chrono::steady_clock::now() - begun - 2 * kSlow);
  }
}

TEST_CASE("listener: the time in which a request waits for a thread is part of its age") {
  Gate gate;
  const auto listener = listen(
      [&](const Request& request) {
        gate.pass(request);
        return tell_age(request);
      },
      {.workers = 1});
  Caller first(listener->urls().front());
  first.send(get("/"));
  gate.wait_for(1);
  Caller second(listener->urls().front());
  second.send(get("/"));
  std::this_thread::sleep_for(2 * kSlow);
  gate.open();
  CHECK(age_in(second.receive()) >= kSlow);
}

TEST_CASE("listener: a hundred slow handlers run at once") {
  Gate gate;
  const auto listener = listen([&](const Request& request) {
    gate.pass(request);
    return text("done");
  });
  std::vector<Caller> callers;
  for (int i = 0; i < 100; ++i) {
    callers.emplace_back(listener->urls().front());
    callers.back().send(get("/"));
  }
  gate.wait_for(100);
  gate.open();
  for (Caller& caller : callers) CHECK(caller.receive()->body == "done");
}

}  // namespace
}  // namespace fleetsign::http
