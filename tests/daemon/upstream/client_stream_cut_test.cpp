// SPDX-License-Identifier: Apache-2.0
// Streams that break off or stop, at each of their stages, and whose caller loses interest.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/daemon/upstream/stream_fixture.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::tests::http_reply;
using fleetsign::tests::occurrences;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using Phase = Undelivered::Phase;
using Sent = Undelivered::Sent;

namespace {

/// Answers with such bytes, then ends the connection.
ScriptedServer::Script answers_and_closes(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    read_body(peer, read_head(peer));
    peer.write(bytes);
  };
}

}  // namespace

TEST_CASE("stream: a reply that ends before or within its head is none") {
  for (const char* bytes : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le",
                            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    for (const bool whole : {true, false}) {
      CAPTURE(bytes);
      CAPTURE(whole);
      ScriptedServer server(answers_and_closes(bytes));
      const auto client = start();
      const Undelivered lost = undelivered(whole ? client->open(request("POST", http_url(server), "x"))
                                                 : client->open(streaming("POST", http_url(server), unsized("x"))));
      CHECK(lost.sent == Sent::maybe);
      CHECK(lost.phase == Phase::receive);
      CHECK_FALSE(lost.timed_out);
      CHECK(lost.cause.starts_with("no complete reply from " + server.place() + ": "));
    }
  }
}

TEST_CASE("stream: a body that ends too early is never a complete one") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const struct {
    std::string bytes;
    std::string before;
  } cuts[] = {{head + "Content-Length: 5\r\n\r\n", ""},
              {head + "Content-Length: 5\r\n\r\nabcd", "abcd"},
              {head + "Transfer-Encoding: chunked\r\n\r\n", ""},
              {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nab", "ab"},
              {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "abc"},
              {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", "abc"},
              {head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense", "abc"}};
  for (const auto& cut : cuts) {
    CAPTURE(cut.bytes);
    ScriptedServer server(answers_and_closes(cut.bytes));
    const auto client = start();
    const Incoming reply = incoming(client->open(request("POST", http_url(server), "x")));
    CHECK(reply.status == 200);
    CHECK(failure_of(reply, cut.before).starts_with("no complete reply from " + server.place() + ": "));
  }
}

TEST_CASE("stream: a body that is reset midway is not a complete one, even without a length") {
  std::atomic<bool> has_come{false};
  ScriptedServer server([&](Peer& peer) {
    read_body(peer, read_head(peer));
    peer.write("HTTP/1.1 200 OK\r\n\r\nabc");
    wait_until([&] { return has_come.load(); });  // a reset takes with it what has not been read
    peer.reset();
  });
  const auto client = start();
  const Incoming reply = incoming(client->open(streaming("POST", http_url(server), unsized("x"))));
  std::array<char, 3> piece{};
  std::size_t got = 0;
  while (got < piece.size()) {
    const auto count = reply.body->read(std::span(piece).subspan(got));
    REQUIRE(count);
    REQUIRE(*count > 0);
    got += *count;
  }
  CHECK(std::string_view(piece.data(), got) == "abc");
  has_come = true;
  CHECK(failure_of(reply, "").starts_with("no complete reply from " + server.place() + ": "));
}

TEST_CASE("stream: a reply that is reset while the upload goes on is never a complete one") {
  ScriptedServer server([](Peer& peer) {
    read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\n\r\nabc");
    peer.read(1);
    peer.reset();
  });
  const auto client = start();
  const auto source = std::make_shared<Pieces>(
      Pieces::Script{.body = "xy", .piece = 1, .each = [&](std::size_t) { std::this_thread::sleep_for(50ms); }});
  const Opening opening = client->open(streaming("POST", http_url(server), source));
  // How much of it was read before the reset is left to chance.
  if (const auto* const lost = std::get_if<Undelivered>(&opening)) {
    CHECK(lost->sent == Sent::maybe);
    CHECK(lost->cause.find(server.place()) != std::string::npos);
  } else {
    CHECK(failure_of(std::get<Incoming>(opening), "abc").find(server.place()) != std::string::npos);
  }
}

TEST_CASE("stream: a server that breaks off during the upload is told of, and ends the reading of the source") {
  enum class End { closes, resets };
  for (const End end : {End::closes, End::resets}) {
    for (const bool known : {true, false}) {
      CAPTURE(static_cast<int>(end));
      CAPTURE(known);
      ScriptedServer server([&](Peer& peer) {
        read_head(peer);
        peer.read(1000);
        if (end == End::resets) peer.reset();
      });
      const std::size_t size = 50'000'000;
      const auto source = known ? sized(pattern(size)) : unsized(pattern(size));
      const auto client = start();
      const Undelivered lost = undelivered(client->open(streaming("POST", http_url(server), source)));
      CHECK(lost.sent == Sent::maybe);
      CHECK_FALSE(lost.timed_out);
      CHECK(lost.cause.find(server.place()) != std::string::npos);
      CHECK(source->taken() < size);
      CHECK(server.accepted() == 1);
    }
  }
}

TEST_CASE("stream: a source that fails breaks the request off, and is the cause") {
  for (const bool known : {true, false}) {
    for (const std::size_t at : {0U, 1U, 100'000U, 1'000'000U}) {
      CAPTURE(known);
      CAPTURE(at);
      Watched watched;
      Pieces::Script script{.body = pattern(2'000'000), .fails_at = at};
      if (known) script.size = script.body.size();
      const auto client = start();
      const Undelivered lost = undelivered(
          client->open(streaming("POST", http_url(watched.server), std::make_shared<Pieces>(std::move(script)))));
      CHECK(lost.phase == Phase::send);
      CHECK_FALSE(lost.timed_out);
      CHECK(lost.cause == "the body of the request broke off: the caller has gone");
      wait_until([&] { return watched.ended || watched.server.accepted() == 0 || watched.server.received().empty(); });
      CHECK_FALSE(watched.complete);
      CHECK(watched.server.accepted() <= 1);
    }
  }
}

TEST_CASE("stream: a refusal that comes while the source waits is there at once") {
  /// Gives a byte, and nothing more before it is told that no more is wanted.
  class Stalled final : public fleetsign::http::BodySource {
   public:
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
    fleetsign::crypto::Result<std::size_t, std::string> read(std::span<char> into) override {
      if (std::exchange(begun_, true)) {
        wait_until([&] { return !is_wanted_(); });
        return std::string("unwanted");
      }
      into[0] = 'x';
      return 1;
    }
    void ask_while_waiting(const std::function<bool()>& is_wanted) override { is_wanted_ = is_wanted; }

   private:
    bool begun_ = false;
    std::function<bool()> is_wanted_ = [] { return true; };
  };
  ScriptedServer server([](Peer& peer) {
    read_head(peer);
    peer.read(1);
    peer.write(http_reply(413, "no"));
    peer.wait_for_close();
  });
  const auto client = start();
  const auto begun = boot_now();
  CHECK(incoming(client->open(streaming("POST", http_url(server), std::make_shared<Stalled>()))).status == 413);
  CHECK(boot_now() - begun < kAmple / 2);
}

TEST_CASE("stream: a source that is shorter than it says is broken off") {
  Watched watched;
  const auto source = std::make_shared<Pieces>(Pieces::Script{.body = pattern(10), .piece = 3, .size = 11});
  const auto client = start();
  const Undelivered lost = undelivered(client->open(streaming("POST", http_url(watched.server), source)));
  CHECK(lost.cause == "the body of the request is shorter than it said");
  wait_until([&] { return watched.ended || watched.server.received().empty(); });
  CHECK_FALSE(watched.complete);
}

TEST_CASE("stream: of a source that is longer than it says, that much is sent") {
  ScriptedServer server([](Peer& peer) {
    const auto body = read_body(peer, read_head(peer));
    peer.write(http_reply(200, *body));
    peer.wait_for_close();
  });
  const auto source = std::make_shared<Pieces>(Pieces::Script{.body = "0123456789", .piece = 3, .size = 8});
  const auto client = start();
  CHECK(body_of(incoming(client->open(streaming("POST", http_url(server), source)))) == "01234567");
  CHECK(source->taken() == 8);
}

TEST_CASE("stream: a source that throws breaks the request off") {
  Watched watched;
  const auto source = std::make_shared<Pieces>(
      Pieces::Script{.body = pattern(100), .piece = 10, .size = 100, .each = [&](std::size_t taken) {
                       if (taken < 50) return;
                       wait_until([&] { return !watched.server.received().empty(); });
                       throw std::runtime_error("broken");
                     }});
  const auto client = start();
  CHECK_THROWS_AS(static_cast<void>(client->open(streaming("POST", http_url(watched.server), source))),
                  std::runtime_error);
  wait_until([&] { return watched.ended.load(); });
  CHECK_FALSE(watched.complete);
}

TEST_CASE("stream: a body that is given up ends its connection at once") {
  for (const bool waiting : {true, false}) {
    CAPTURE(waiting);
    std::atomic<bool> ended{false};
    ScriptedServer server([&](Peer& peer) {
      read_head(peer);
      peer.write("HTTP/1.1 200 OK\r\n\r\nabc");
      if (!waiting) {
        const std::string piece(100'000, 'x');
        while (peer.write(piece)) {
        }
      }
      peer.wait_for_close();
      ended = true;
    });
    const auto client = start();
    {
      const Incoming reply = incoming(client->open(request("GET", http_url(server))));
      std::array<char, 3> piece{};
      CHECK(reply.body->read(piece));
    }
    wait_until([&] { return ended.load(); });
    CHECK(client->why_stopped() == std::nullopt);
  }
}

TEST_CASE("stream: a body that has ended leaves its connection for the next request, read to its end or not") {
  ScriptedServer server(serve("abc"));
  const auto client = start();
  for (int i = 0; i < 10; ++i) {
    const Incoming reply = incoming(client->open(request("GET", http_url(server))));
    if (i % 2 == 0) CHECK(body_of(reply) == "abc");
  }
  CHECK(server.accepted() <= 6);
}

TEST_CASE("stream: what is streamed is sent once when its connection, used before, dies without a reply") {
  for (const char* method : {"POST", "PUT", "GET"}) {
    for (const bool reset : {true, false}) {
      for (const std::size_t size : {0U, 4U, 100'000U}) {
        CAPTURE(method);
        CAPTURE(reset);
        CAPTURE(size);
        ScriptedServer server([&](Peer& peer) {
          if (peer.number() > 0) return serve("repeated")(peer);
          peer.read_request();
          peer.write(http_reply(200, "first"));
          read_body(peer, read_head(peer));
          if (reset) peer.reset();
        });
        const auto client = start();
        REQUIRE(body_of(incoming(client->open(request("GET", http_url(server))))) == "first");
        const Undelivered lost =
            undelivered(client->open(streaming(method, http_url(server, "/command"), unsized(pattern(size)))));
        CHECK(lost.sent == Sent::maybe);
        CHECK_FALSE(lost.timed_out);
        CHECK(occurrences(server.received(), " /command HTTP/1.1\r\n") == 1);
        CHECK(server.accepted() == 1);
      }
    }
  }
}

TEST_CASE("stream: an idle connection that is closed just when it is to be used does not double what is streamed") {
  for (int i = 0; i < 50; ++i) {
    ScriptedServer server([](Peer& peer) {
      if (peer.number() > 0) return serve("second")(peer);
      peer.read_request();
      peer.write(http_reply(200, "first"));
    });
    const auto client = start();
    REQUIRE(body_of(incoming(client->open(request("GET", http_url(server))))) == "first");
    const Opening opening = client->open(streaming("POST", http_url(server, "/command"), sized("honk")));
    if (const auto* const lost = std::get_if<Undelivered>(&opening)) CHECK(lost->sent == Sent::maybe);
    CHECK(occurrences(server.received(), " /command HTTP/1.1\r\n") <= 1);
  }
}
