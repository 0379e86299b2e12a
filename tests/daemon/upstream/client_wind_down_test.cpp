// SPDX-License-Identifier: Apache-2.0
// What a client that is to end soon gives up, and what it goes on with.
#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "tests/daemon/upstream/stream_fixture.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::tests::http_reply;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using Phase = Undelivered::Phase;
using Sent = Undelivered::Sent;

namespace {

/// Answers nobody before it is told to.
struct Held {
  std::atomic<int> asked{0};
  std::atomic<bool> let_go{false};
  ScriptedServer server{[this](Peer& peer) {
    read_body(peer, read_head(peer));
    ++asked;
    wait_until([&] { return let_go.load(); });
    peer.write(http_reply(200, "done"));
    peer.wait_for_close();
  }};
  Held() = default;
  ~Held() { let_go = true; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
};

Request of_caller(std::string method, const Held& fleet_api, std::function<bool()> gone) {
  Request asked = request(std::move(method), http_url(fleet_api.server), "x");
  asked.caller_gone = std::move(gone);
  return asked;
}

std::future<Opening> ask(Client& client, Request asked, bool opens) {
  return std::async(std::launch::async, [&client, asked = std::move(asked), opens]() -> Opening {
    if (opens) return client.open(asked);
    auto answer = client.send(asked);
    if (auto* const lost = std::get_if<Undelivered>(&answer)) return *lost;
    return Incoming{.status = std::get<Delivered>(answer).status, .headers = {}, .body = nullptr};
  });
}

}  // namespace

TEST_CASE("wind down: what only reads ends, and what was asked for by a caller who has gone") {
  for (const bool opens : {false, true}) {
    CAPTURE(opens);
    Held fleet_api;
    const auto client = start();
    std::atomic<bool> gone{false};
    auto reading = ask(*client, of_caller("GET", fleet_api, [] { return false; }), opens);
    auto orphan = ask(*client, of_caller("POST", fleet_api, [&] { return gone.load(); }), opens);
    auto command = ask(*client, of_caller("POST", fleet_api, [] { return false; }), opens);
    auto ours = ask(*client, of_caller("GET", fleet_api, nullptr), opens);
    wait_until([&] { return fleet_api.asked == 4; });
    gone = true;
    client->wind_down();
    for (auto* const ended : {&reading, &orphan}) {
      const Undelivered lost = undelivered(ended->get());
      CHECK(lost.phase == Phase::shutdown);
      CHECK(lost.sent == Sent::maybe);
    }
    CHECK(client->why_stopped() == std::nullopt);
    fleet_api.let_go = true;
    CHECK(incoming(command.get()).status == 200);
    CHECK(incoming(ours.get()).status == 200);
  }
}

TEST_CASE("wind down: a reply that has begun may come to its end") {
  std::atomic<bool> let_go{false};
  ScriptedServer server([&](Peer& peer) {
    read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    wait_until([&] { return let_go.load(); });
    peer.write("def");
  });
  const auto client = start();
  Request asked = request("GET", http_url(server));
  asked.caller_gone = [] { return false; };
  const Incoming reply = incoming(client->open(asked));
  client->wind_down();
  // It has been gone through when a request that came after it has met its end.
  const Held fleet_api;
  auto later = ask(*client, of_caller("GET", fleet_api, [] { return false; }), true);
  wait_until([&] {
    client->wind_down();
    return later.wait_for(0s) == std::future_status::ready;
  });
  CHECK(undelivered(later.get()).phase == Phase::shutdown);
  let_go = true;
  CHECK(body_of(reply) == "abcdef");
}
