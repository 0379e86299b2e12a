// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/http/listener_fixture.h"

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// More than any of these shut-downs needs.
constexpr milliseconds kAmple{30'000};

TEST_CASE("shut-down: under load, every request that was carried out gets its reply") {
  std::atomic<int> handled = 0;
  std::atomic<int> replied = 0;
  std::atomic<int> ready = 0;
  const auto listener = listen(
      [&](const Request& request) {
        const int n = ++handled;
        if (n % 7 == 0) std::this_thread::sleep_for(milliseconds(n % 13));
        return text(request.body + std::string(20'000, 'x'));
      },
      {.workers = 8});
  const std::string url = listener->urls().front();
  std::vector<std::thread> callers;
  for (int i = 0; i < 16; ++i) {
    callers.emplace_back([&, i] {
      Caller caller(url);
      for (int n = 0; caller.send(request("POST /", "", "body")); ++n) {
        const auto answer = caller.receive();
        if (!answer) break;
        ++replied;
        if (n == 5) ++ready;
        if (answer->headers.find("Connection") != nullptr) break;
        if (i % 4 == 0) std::this_thread::yield();
      }
    });
  }
  while (ready < 16) std::this_thread::yield();
  listener->shut_down(kAmple);
  for (std::thread& caller : callers) caller.join();
  CHECK(handled == replied);
  CHECK(handled >= 16 * 6);
}

TEST_CASE("shut-down: idle connections are closed at once, and nobody can connect any more") {
  auto listener = listen(echo);
  Caller silent(listener->urls().front());
  Caller served(listener->urls().front());
  CHECK(served.ask(get("/")) == 200);
  const auto start = Clock::now();
  listener->shut_down(kAmple);
  CHECK(Clock::now() - start < kAmple / 2);
  CHECK(silent.receive_rest().empty());
  CHECK(served.receive_rest().empty());

  const auto again = Listener::open({.endpoints = {{listener->urls().front()}}, .handler = echo});
  CHECK(again.ok());
}

TEST_CASE("shut-down: a running request finishes and its reply closes the connection") {
  Gate gate;
  const auto listener = listen([&](const Request& request) {
    gate.pass(request);
    return text("done");
  });
  Caller caller(listener->urls().front());
  caller.send(get("/"));
  gate.wait_for(1);
  auto down = std::async(std::launch::async, [&] { listener->shut_down(kAmple); });
  CHECK(down.wait_for(milliseconds(50)) == std::future_status::timeout);
  gate.open();
  const auto answer = caller.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->body == "done");
  CHECK(*answer->headers.find("Connection") == "close");
  CHECK(caller.receive_rest().empty());
  caller.end_output();
  down.get();
}

TEST_CASE("shut-down: a request that has begun to arrive may still come in") {
  const auto listener = listen(echo);
  Caller caller(listener->urls().front());
  CHECK(caller.ask(get("/") + "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo") == 200);
  auto down = std::async(std::launch::async, [&] { listener->shut_down(kAmple); });
  CHECK(down.wait_for(milliseconds(50)) == std::future_status::timeout);
  caller.send("dy");
  CHECK(caller.receive()->body == "POST /x body");
  caller.end_output();
  down.get();
}

TEST_CASE("shut-down: what runs longer than the grace is cut, and learns of it") {
  Gate gate;
  std::atomic<bool> learned = false;
  const auto listener = listen([&](const Request& request) {
    gate.pass(request);  // ends when the caller is gone, and so when it is cut
    learned = request.caller_gone();
    return text("too late");
  });
  Caller caller(listener->urls().front());
  caller.send(get("/"));
  Caller unfinished(listener->urls().front());
  unfinished.send("GET / HT");
  gate.wait_for(1);
  listener->shut_down(milliseconds(50));
  CHECK(learned);
  CHECK(caller.receive_rest().empty());
  CHECK(unfinished.receive_rest().empty());
}

TEST_CASE("shut-down: what is told that the time is almost over gets to say a last word") {
  Gate gate;
  const auto listener = listen({.handler =
                                    [&](const Request& request) {
                                      gate.pass(request);
                                      CHECK_FALSE(request.caller_gone());
                                      return text("cut");
                                    },
                                .on_cut = [&](milliseconds) { gate.open(); }});
  Caller caller(listener->urls().front());
  caller.send(get("/"));
  gate.wait_for(1);
  auto down = std::async(std::launch::async, [&] { listener->shut_down(milliseconds(2'000)); });
  const auto answer = caller.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->body == "cut");
  caller.end_output();
  down.get();
}

TEST_CASE("shut-down: one that goes on says so, and ends as soon as that has helped") {
  Gate gate;
  const auto listener = listen({.handler =
                                    [&](const Request& request) {
                                      gate.pass(request);
                                      return text("hurried");
                                    },
                                .on_wait = [&] { gate.open(); }});
  Caller caller(listener->urls().front());
  caller.send(get("/"));
  gate.wait_for(1);
  const auto start = Clock::now();
  auto down = std::async(std::launch::async, [&] { listener->shut_down(kAmple); });
  CHECK(caller.receive()->body == "hurried");
  CHECK(Clock::now() - start >= kStopPatience);
  caller.end_output();
  down.get();
  CHECK(Clock::now() - start < kAmple / 2);
}

TEST_CASE("shut-down: the destructor cuts everything at once") {
  Gate gate;
  auto listener = listen([&](const Request& request) {
    gate.pass(request);
    return text("too late");
  });
  Caller running(listener->urls().front());
  running.send(get("/"));
  Caller idle(listener->urls().front());
  gate.wait_for(1);
  listener.reset();
  CHECK(running.receive_rest().empty());
  CHECK(idle.receive_rest().empty());
}

TEST_CASE("shut-down: requests that wait in the queue are carried out within the grace") {
  Gate gate;
  const auto listener = listen(
      [&](const Request& request) {
        gate.pass(request);
        return text("done");
      },
      {.workers = 1});
  std::vector<Caller> callers;
  for (int i = 0; i < 5; ++i) {
    callers.emplace_back(listener->urls().front());
    callers.back().send(get("/"));
  }
  gate.wait_for(1);
  auto down = std::async(std::launch::async, [&] { listener->shut_down(kAmple); });
  gate.open();
  for (Caller& caller : callers) {
    CHECK(caller.receive()->body == "done");
    caller.end_output();
  }
  down.get();
}

TEST_CASE("shut-down: all who wait at the door are let in, however many") {
  Gate gate;
  const auto hold = [&](int /*status*/, const std::string& /*reason*/) {
    gate.pass({});  // in the thread that accepts
    return text("too late");
  };
  const auto listener = listen({.limits = {.request = milliseconds(50)}, .handler = echo, .refusal = hold});
  const std::string url = listener->urls().front();
  Caller late(url);
  late.send("GET / HT");
  gate.wait_for(1);
  late.end_output();
  std::vector<Caller> callers;
  for (int i = 0; i < 200; ++i) {
    callers.emplace_back(url);
    callers.back().send(get("/"));
  }
  auto down = std::async(std::launch::async, [&] { listener->shut_down(kAmple); });
  CHECK(down.wait_for(milliseconds(50)) == std::future_status::timeout);
  gate.open();
  for (Caller& caller : callers) {
    const auto answer = caller.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    caller.end_output();
  }
  down.get();
}

}  // namespace
}  // namespace fleetsign::http
