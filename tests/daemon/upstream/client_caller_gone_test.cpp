// SPDX-License-Identifier: Apache-2.0
// Requests whose own caller has gone: what nobody will learn of ends, and what has an effect is seen through.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "tests/daemon/upstream/stream_fixture.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::tests::http_reply;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using Phase = Undelivered::Phase;
using Sent = Undelivered::Sent;

namespace {

/// Far less than any deadline here.
constexpr auto kSoon = kAmple / 2;

/// Never answers, and keeps whether its connections have ended.
struct Silent {
  std::atomic<bool> asked{false};
  std::atomic<bool> ended{false};
  ScriptedServer server{[this](Peer& peer) {
    read_head(peer);
    asked = true;
    peer.wait_for_close();
    ended = true;
  }};
};

Request with(Request request, std::function<bool()> caller_gone) {
  request.caller_gone = std::move(caller_gone);
  return request;
}

void check_gone(const Undelivered& lost, Sent sent) {
  CHECK(lost.phase == Phase::caller_gone);
  CHECK(lost.sent == sent);
  CHECK_FALSE(lost.timed_out);
  CHECK(lost.cause == "the caller has gone");
}

}  // namespace

TEST_CASE("caller gone: what only reads ends soon, and so does its connection") {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    for (const bool opens : {false, true}) {
      CAPTURE(method);
      CAPTURE(opens);
      Silent fleet_api;
      const auto client = start();
      const Request asked = with(request(method, http_url(fleet_api.server)), [&] { return fleet_api.asked.load(); });
      const auto begun = boot_now();
      check_gone(opens ? undelivered(client->open(asked)) : undelivered(client->send(asked)), Sent::maybe);
      wait_until([&] { return fleet_api.ended.load(); });
      CHECK(boot_now() - begun < kSoon);
      CHECK(client->why_stopped() == std::nullopt);
    }
  }
}

TEST_CASE("caller gone: what has an effect and may have been seen is waited for") {
  for (const bool opens : {false, true}) {
    CAPTURE(opens);
    std::atomic<bool> asked{false};
    ScriptedServer server([&](Peer& peer) {
      read_body(peer, read_head(peer));
      asked = true;
      std::this_thread::sleep_for(1s);  // several looks
      peer.write(http_reply(200, "done"));
      peer.wait_for_close();
    });
    const auto client = start();
    const Request honk = with(request("POST", http_url(server), "x"), [&] { return asked.load(); });
    if (opens) {
      CHECK(incoming(client->open(honk)).status == 200);
    } else {
      CHECK(delivered(client->send(honk)).body == "done");
    }
  }
}

TEST_CASE("caller gone: what has an effect is not sent any more") {
  for (const bool opens : {false, true}) {
    CAPTURE(opens);
    ScriptedServer plain([](Peer& peer) { peer.wait_for_close(); });
    const auto client = start();
    // The server never says a word of TLS, so the request is not handed over.
    const Request honk = with(request("POST", "https://" + plain.place() + "/", "x"), [] { return true; });
    const auto begun = boot_now();
    check_gone(opens ? undelivered(client->open(honk)) : undelivered(client->send(honk)), Sent::no);
    CHECK(boot_now() - begun < kSoon);
  }
}

TEST_CASE("caller gone: an upload that waits for the other side ends, whatever its method") {
  for (const char* method : {"POST", "PUT", "GET"}) {
    CAPTURE(method);
    std::atomic<bool> ended{false};
    std::atomic<bool> asked{false};
    std::atomic<bool> let_go{false};
    ScriptedServer stuck([&](Peer& peer) {
      read_head(peer);
      asked = true;
      wait_until([&] { return let_go.load(); });
      peer.wait_for_close();
      ended = true;
    });
    const auto client = start();
    const auto source = sized(pattern(50'000'000));
    const auto begun = boot_now();
    check_gone(
        undelivered(client->open(with(streaming(method, http_url(stuck), source), [&] { return asked.load(); }))),
        Sent::maybe);
    let_go = true;
    wait_until([&] { return ended.load(); });
    CHECK(boot_now() - begun < kSoon);
    CHECK(source->taken() < 50'000'000);
  }
}

TEST_CASE("caller gone: the rest of a reply is not waited for") {
  for (const char* method : {"GET", "POST"}) {
    CAPTURE(method);
    std::atomic<bool> ended{false};
    ScriptedServer slow([&](Peer& peer) {
      read_body(peer, read_head(peer));
      peer.write("HTTP/1.1 200 OK\r\n\r\nabc");
      peer.wait_for_close();
      ended = true;
    });
    const auto client = start();
    std::atomic<bool> gone{false};
    const auto begun = boot_now();
    {
      const Incoming reply =
          incoming(client->open(with(request(method, http_url(slow), "x"), [&] { return gone.load(); })));
      gone = true;
      CHECK(failure_of(reply, "abc") == "the caller has gone");
    }
    wait_until([&] { return ended.load(); });
    CHECK(boot_now() - begun < kSoon);
  }
}

TEST_CASE("caller gone: while replies come and while there is a caller, nothing changes") {
  ScriptedServer server([](Peer& peer) {
    while (!peer.read_request().empty()) {
      std::this_thread::sleep_for(600ms);
      peer.write(http_reply(200, "late"));
    }
  });
  const auto client = start();
  std::atomic<int> looks{0};
  const auto caller_gone = [&] {
    ++looks;
    return false;
  };
  CHECK(delivered(client->send(with(request("GET", http_url(server)), caller_gone))).body == "late");
  CHECK(body_of(incoming(client->open(with(request("GET", http_url(server)), caller_gone)))) == "late");
  // A few times a second, and not for each thing that happens.
  CHECK(looks >= 2);
  CHECK(looks <= 10);
}
