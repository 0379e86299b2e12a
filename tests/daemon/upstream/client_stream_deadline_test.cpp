// SPDX-License-Identifier: Apache-2.0
// Streams that stop: at their deadlines, when the client shuts down, when their callers give up.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/upstream/interposed.h"
#include "tests/daemon/upstream/stream_fixture.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::tests::http_reply;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using Phase = Undelivered::Phase;
using Sent = Undelivered::Sent;

TEST_CASE("stream: the deadline is kept by a server that does not answer") {
  ScriptedServer silent([](Peer& peer) { peer.wait_for_close(); });
  const auto client = start();
  for (const bool whole : {true, false}) {
    CAPTURE(whole);
    Request asked = whole ? request("POST", http_url(silent), "x") : streaming("POST", http_url(silent), sized("x"));
    const auto begun = boot_now();
    asked.deadline = begun + 300ms;
    const Undelivered late = undelivered(client->open(asked));
    CHECK(boot_now() - begun >= 300ms);
    CHECK(boot_now() - begun < kAmple / 2);
    CHECK(late.timed_out);
    CHECK(late.sent == Sent::maybe);
    CHECK(late.phase == Phase::receive);
    CHECK(late.cause.find(silent.place()) != std::string::npos);
    CHECK(late.cause.ends_with("s while waiting for the reply"));
  }
}

TEST_CASE("stream: a server that stops reading ends the upload when the time for a piece is over") {
  ScriptedServer stuck([](Peer& peer) {
    peer.read(1);
    peer.stall();
  });
  const auto client = start();
  Request asked = streaming("POST", http_url(stuck), sized(pattern(50'000'000)));
  asked.deadline = boot_now() + 500ms;
  const Undelivered late = undelivered(client->open(asked));
  CHECK(late.timed_out);
  CHECK(late.sent == Sent::maybe);
  CHECK(late.phase == Phase::send);
  CHECK(late.cause.ends_with(" s while sending the request"));
}

TEST_CASE("stream: the time for the reply counts from the end of the upload, however long that takes") {
  ScriptedServer server([](Peer& peer) {
    read_body(peer, read_head(peer));
    peer.write(http_reply(200, "x"));
    peer.wait_for_close();
  });
  const auto client = start();
  for (auto patience = 200ms; patience < 10s; patience *= 2) {
    const auto source =
        std::make_shared<Pieces>(Pieces::Script{.body = pattern(8), .piece = 1, .size = 8, .pause = patience / 4});
    Request asked = streaming("POST", http_url(server), source);
    asked.deadline = boot_now() + patience;
    const Opening opening = client->open(asked);
    if (std::holds_alternative<Undelivered>(opening)) continue;  // a busy machine; with more time then
    CHECK(boot_now() > asked.deadline);
    return;
  }
  FAIL("no reply");
}

TEST_CASE("stream: a source that stops ends the upload when the time for a piece is over") {
  Watched watched;
  const auto source = std::make_shared<Pieces>(Pieces::Script{.body = "abc", .piece = 1, .size = 3, .pause = 700ms});
  const auto client = start();
  Request asked = streaming("POST", http_url(watched.server), source);
  asked.deadline = boot_now() + 100ms;
  const Undelivered late = undelivered(client->open(asked));
  CHECK(late.timed_out);
  CHECK(late.phase == Phase::send);
  CHECK(source->taken() == 1);
  wait_until([&] { return watched.ended.load(); });
  CHECK_FALSE(watched.complete);
}

TEST_CASE("stream: a body may take longer than the deadline, but each piece only as long") {
  ScriptedServer server([](Peer& peer) {
    read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 8; ++i) {
      std::this_thread::sleep_for(100ms);
      peer.write("1\r\nx\r\n");
    }
    peer.wait_for_close();
  });
  const auto client = start();
  Request asked = request("GET", http_url(server));
  asked.deadline = boot_now() + 600ms;
  const Incoming reply = incoming(client->open(asked));
  const auto begun = boot_now();
  CHECK(failure_of(reply, "xxxxxxxx") ==
        "nothing moved to or from " + server.place() + " for 0.60 s while reading the reply");
  CHECK(boot_now() - begun >= 1200ms);
}

TEST_CASE("stream: a caller that is slow to read has all the time it wants") {
  const std::string body = pattern(30'000'000);
  ScriptedServer server([&](Peer& peer) {
    read_head(peer);
    peer.write(http_reply(200, body));
    peer.wait_for_close();
  });
  const auto client = start();
  Request asked = request("GET", http_url(server));
  asked.deadline = boot_now() + 1s;
  const Incoming reply = incoming(client->open(asked));
  std::this_thread::sleep_for(1500ms);
  CHECK((body_of(reply) == body));
}

TEST_CASE("stream: shutting down ends what is under way, in every stage") {
  ScriptedServer silent([](Peer& peer) { peer.stall(); });
  ScriptedServer slow([](Peer& peer) {
    read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\n\r\nabc");
    peer.stall();
  });
  auto client = start();
  const Incoming kept = incoming(client->open(request("GET", http_url(slow))));
  const Incoming reading = incoming(client->open(request("GET", http_url(slow))));
  std::vector<std::thread> callers;
  callers.emplace_back([&] { CHECK(failure_of(reading, "abc") == "the client is shutting down"); });
  for (const std::size_t size : {std::size_t{1}, std::size_t{50'000'000}}) {
    callers.emplace_back([&, size] {
      const Undelivered ended = undelivered(client->open(streaming("POST", http_url(silent), sized(pattern(size)))));
      CHECK(ended.phase == Phase::shutdown);
      CHECK(ended.sent == Sent::maybe);
    });
  }
  wait_until([&] { return silent.accepted() == 2; });
  std::this_thread::sleep_for(50ms);
  client->shut_down();
  for (std::thread& caller : callers) caller.join();
  const Undelivered later = undelivered(client->open(streaming("POST", http_url(silent), sized("x"))));
  CHECK(later.phase == Phase::shutdown);
  CHECK(later.sent == Sent::no);
  client.reset();
  // What a caller still holds is of no more use, and does no harm.
  CHECK(failure_of(kept, "abc") == "the client is shutting down");
}

TEST_CASE("stream: callers that give up at any time leave nothing behind") {
  const std::string body = pattern(1'000'000);
  ScriptedServer server([&](Peer& peer) {
    for (std::string head = read_head(peer); !head.empty(); head = read_head(peer)) {
      if (!read_body(peer, head) || !peer.write(http_reply(200, body))) return;
    }
  });
  const auto client = start();
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 10; ++caller) {
    callers.emplace_back([&, caller] {
      for (std::size_t i = 0; i < 20; ++i) {
        Pieces::Script script{.body = pattern(200'000)};
        if (i % 3 == 0) script.fails_at = caller * 10'000;
        Opening opening =
            client->open(streaming("POST", http_url(server), std::make_shared<Pieces>(std::move(script))));
        auto* const reply = std::get_if<Incoming>(&opening);
        CHECK((reply == nullptr) == (i % 3 == 0));
        std::vector<char> piece(caller * 20'000 + 1);
        if (reply != nullptr) CHECK(reply->body->read(piece));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK((body_of(incoming(client->open(request("GET", http_url(server))))) == body));
}

TEST_CASE("stream: the deadline is kept while a lookup hangs") {
  FakeResolver resolver;
  resolver.set(FakeResolver::Behaviour::hangs);
  const auto client = start();
  for (const bool whole : {true, false}) {
    CAPTURE(whole);
    const std::string url = whole ? "https://whole.test/" : "https://streamed.test/";
    Request asked = whole ? request("POST", url, "x") : streaming("POST", url, sized(pattern(1'000'000)));
    const auto begun = boot_now();
    asked.deadline = begun + 300ms;
    const Undelivered late = undelivered(client->open(asked));
    CHECK(boot_now() - begun < kAmple / 2);
    CHECK(late.timed_out);
    CHECK(late.sent == Sent::no);
    CHECK(late.phase == Phase::resolve);
    CHECK(late.cause.ends_with(" within 0.30 s while looking up the name"));
  }
}
