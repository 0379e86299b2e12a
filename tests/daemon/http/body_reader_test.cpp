// SPDX-License-Identifier: Apache-2.0
// Requests whose bodies are streamed, through a listener: what the handler gets, and what becomes of the connection.
#include "daemon/http/body_reader.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/http/tls_fixture.h"

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;

/// Both ways to the same listener.
struct Doors {
  std::unique_ptr<Listener> listener;

  explicit Doors(Handler handler, Limits limits = {}) {
    static const tests::TlsIdentity kIdentity(kLoopback);
    limits.body_bytes = 10;
    listener = listen({.endpoints = {{"http://127.0.0.1:0"}, tls_endpoint(kIdentity)},
                       .limits = limits,
                       .handler = std::move(handler),
                       .body_limit = always_streamed});
  }

  [[nodiscard]] std::vector<std::unique_ptr<Caller>> callers() const {
    std::vector<std::unique_ptr<Caller>> both;
    both.push_back(std::make_unique<Caller>(listener->urls()[0]));
    both.push_back(std::make_unique<TlsCaller>(listener->urls()[1]));
    return both;
  }
};

std::string chunked(const std::string& line, const std::string& chunks) {
  return request(line, "Transfer-Encoding: chunked\r\n") + chunks;
}

std::string sized(const std::string& line, std::size_t size, const std::string& fields = {}) {
  return request(line, fields + "Content-Length: " + std::to_string(size) + "\r\n");
}

TEST_CASE("body reader: large and chunked bodies are streamed, others are whole, and what follows is a request") {
  const Doors doors(echo_streamed);
  const std::string large(3'000'000, 'x');
  for (const auto& caller : doors.callers()) {
    auto sent = std::async(std::launch::async, [&] {
      caller->send(request("POST /a", "", "0123456789") + request("PUT /b", "", "0123456789a"));
      caller->send(chunked("POST /c", "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nT: t\r\n\r\n") + get("/d"));
      caller->send(request("POST /e", "", large) + chunked("POST /f", "0\r\n\r\n") + get("/g"));
    });
    CHECK(caller->receive()->body == "POST /a 0123456789");
    CHECK(caller->receive()->body == "PUT /b streamed 0123456789a");
    CHECK(caller->receive()->body == "POST /c streamed abcd");
    CHECK(caller->receive()->body == "GET /d ");
    CHECK(caller->receive()->body == "POST /e streamed " + large);
    CHECK(caller->receive()->body == "POST /f streamed ");
    CHECK(caller->receive()->body == "GET /g ");
    sent.get();
  }
}

TEST_CASE("body reader: however the bytes of a chunked body are cut, the next request begins behind it") {
  const Doors doors(echo_streamed);
  const std::string bytes = chunked("POST /a", "5\r\nhello\r\nb\r\n, world\r\n!!\r\n0\r\n\r\n") + get("/b");
  Caller caller(doors.listener->urls()[0]);
  for (const char byte : bytes) caller.send({&byte, 1});
  CHECK(caller.receive()->body == "POST /a streamed hello, world\r\n!!");
  CHECK(caller.receive()->body == "GET /b ");
}

TEST_CASE("body reader: the size is told where the caller has told it") {
  std::atomic<bool> told = false;
  std::atomic<bool> untold = false;
  const Doors doors([&](const Request& request) {
    if (request.path == "/sized") told = request.body_source->size() == 11;
    if (request.path == "/chunked") untold = !request.body_source->size();
    return echo_streamed(request);
  });
  Caller caller(doors.listener->urls()[0]);
  CHECK(caller.ask(request("POST /sized", "", "0123456789a")) == 200);
  CHECK(caller.ask(chunked("POST /chunked", "0\r\n\r\n")) == 200);
  CHECK(told);
  CHECK(untold);
}

TEST_CASE("body reader: the handler gets what has come while the rest has not") {
  std::promise<std::string> first;
  const Doors doors([&](const Request& request) {
    std::array<char, 100> buffer{};
    const auto count = request.body_source->read(buffer);
    first.set_value(std::string(buffer.data(), count.ok() ? *count : 0));
    return echo_streamed(request);
  });
  for (const auto& caller : doors.callers()) {
    first = {};
    caller->send(sized("POST /", 20) + "01234");
    CHECK(first.get_future().get() == "01234");
    caller->send("567890123456789");
    CHECK(caller->receive()->body == "POST / streamed 567890123456789");
  }
}

TEST_CASE("body reader: 100 Continue is said when the body is asked for, and only then") {
  const Doors doors([](const Request& request) {
    return request.path == "/refused" ? Reply{.status = 401} : echo_streamed(request);
  });
  for (const auto& caller : doors.callers()) {
    caller->send(sized("POST /", 11, "Expect: 100-continue\r\n"));
    CHECK(caller->receive(Caller::Content::none)->status == 100);
    CHECK(caller->ask("0123456789a") == 200);
    caller->send(sized("POST /", 11, "Expect: 100-continue\r\n") + "0");
    CHECK(caller->ask("123456789a") == 200);
    caller->send(sized("POST /refused", 11, "Expect: 100-continue\r\n"));
    const auto answer = caller->receive();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 401);
    CHECK(*answer->headers.find("Connection") == "close");
  }
}

TEST_CASE("body reader: behind a body that nobody has read the connection ends") {
  const Doors doors([](const Request&) { return text("enough"); });
  const std::string smuggled = get("/smuggled");
  for (const auto& caller : doors.callers()) {
    caller->send(sized("POST /", 5000) + smuggled);
    const auto answer = caller->receive();
    REQUIRE(answer.has_value());
    CHECK(answer->body == "enough");
    CHECK(*answer->headers.find("Connection") == "close");
    CHECK(caller->receive_rest().empty());
  }
}

TEST_CASE("body reader: what is malformed or too large in the midst of a body fails it, with the listener's status") {
  const Doors doors(echo_streamed, {.streamed_body_bytes = 20});
  struct Case {
    const char* what;
    std::string chunks;
    int status;
  };
  for (const Case& c : {Case{"a size that is none", "3\r\nabc\r\nx\r\n", 400},
                        Case{"a chunk that is longer than told", "3\r\nabcd\r\n", 400},
                        Case{"more than there may be", "14\r\n01234567890123456789\r\n1\r\n", 413}}) {
    CAPTURE(c.what);
    for (const auto& caller : doors.callers()) {
      caller->send(chunked("POST /", c.chunks));
      const auto answer = caller->receive();
      REQUIRE(answer.has_value());
      CHECK(answer->status == c.status);
      CHECK(*answer->headers.find("Connection") == "close");
      CHECK(caller->receive_rest().empty());
    }
  }
  CHECK(Caller(doors.listener->urls()[0]).ask(sized("POST /", 21)) == 413);
}

TEST_CASE("body reader: a caller that goes in the midst of its body makes it fail, never end") {
  for (const std::string& begun : {sized("POST /", 20) + "01234", chunked("POST /", "5\r\n01234\r\n"),
                                   chunked("POST /", "5\r\n01234\r\n0\r\n"), chunked("POST /", "")}) {
    CAPTURE(begun);
    std::promise<bool> whole;
    const Doors doors([&](const Request& request) {
      whole.set_value(read_all(*request.body_source).ok());
      return text("too late");
    });
    for (auto& caller : doors.callers()) {
      whole = {};
      caller->send(begun);
      caller.reset();
      CHECK_FALSE(whole.get_future().get());
    }
  }
}

TEST_CASE("body reader: a caller that drips is late, however long it goes on") {
  const Doors doors(echo_streamed, {.request = milliseconds(200)});
  for (const auto& caller : doors.callers()) {
    caller->send(sized("POST /", 1'000'000));
    while (caller->send("x") && !is_readable(*caller, milliseconds(5))) {
    }
    const auto answer = caller->receive();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 408);
    CHECK(caller->receive_rest().empty());
  }
}

TEST_CASE("body reader: records without data do not pass for a body") {
  const Doors doors(echo_streamed, {.request = milliseconds(200)});
  TlsCaller caller(doors.listener->urls()[1]);
  caller.send(sized("POST /", 1'000'000));
  while (caller.send_sealed(caller.key_updates(100)) && !is_readable(caller, milliseconds(0))) {
  }
  CHECK(Caller(doors.listener->urls()[0]).ask(get("/")) == 200);
}

TEST_CASE("body reader: what the handler takes its time for does not count as the caller's") {
  const Doors doors(
      [](const Request& request) {
        std::this_thread::sleep_for(milliseconds(400));
        return echo_streamed(request);
      },
      {.request = milliseconds(200)});
  CHECK(Caller(doors.listener->urls()[0]).ask(request("POST /", "", std::string(100'000, 'x'))) == 200);
}

TEST_CASE("body reader: a handler that needs no more of a body need not wait for it, and answers at once") {
  std::atomic<bool> is_wanted{true};
  std::promise<void> waits;
  const Doors doors([&, asked = std::make_shared<std::atomic<int>>(0)](const Request& request) {
    request.body_source->ask_while_waiting([&, asked] {
      if (++*asked == 2) waits.set_value();
      return is_wanted.load();
    });
    const auto body = read_all(*request.body_source);
    CHECK_FALSE(body);
    CHECK_FALSE(request.body_refusal());
    return text("enough");
  });
  Caller caller(doors.listener->urls()[0]);
  caller.send(sized("POST /", 1'000'000) + "01234");
  waits.get_future().wait();
  is_wanted = false;
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = caller.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->body == "enough");
  CHECK(*answer->headers.find("Connection") == "close");
  CHECK(std::chrono::steady_clock::now() - begun < Limits().request / 2);
}

TEST_CASE("body reader: a shut-down lets a body come in within the grace, then cuts it") {
  Gate gate;
  const auto take = [&](const Request& request) {
    gate.pass(request);
    return echo_streamed(request);
  };
  gate.open();
  for (const bool in_time : {true, false}) {
    const Doors doors(take);
    Caller caller(doors.listener->urls()[0]);
    caller.send(sized("POST /", 11) + "01234");
    gate.wait_for(in_time ? 1 : 2);
    auto down = std::async(std::launch::async, [&] { doors.listener->shut_down(milliseconds(in_time ? 30'000 : 50)); });
    if (in_time) {
      caller.send("56789a");
      CHECK(caller.receive()->body == "POST / streamed 0123456789a");
      caller.end_output();
    } else {
      CHECK(caller.receive_rest().empty());
    }
    down.get();
  }
}

}  // namespace
}  // namespace fleetsign::http
