// SPDX-License-Identifier: Apache-2.0
// libcurl repeats a request when a connection that it used before dies without a reply. A command must not be.
#include <doctest/doctest.h>

#include <atomic>
#include <string>

#include "tests/daemon/upstream/client_fixture.h"
#include "tests/daemon/upstream/http2_peer.h"

using namespace fleetsign::upstream;
using fleetsign::tests::http_reply;
using fleetsign::tests::occurrences;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using fleetsign::tests::TlsIdentity;

namespace {

/// Answers the first request of its first connection, then does `end` to that. Later connections are served well, so
/// that a repeated request would pass for a success.
template <class End>
ScriptedServer::Script dies_after_one(End end) {
  return [end](Peer& peer) {
    if (peer.number() > 0) return serve("repeated")(peer);
    peer.read_request();
    peer.write(http_reply(200, "first"));
    end(peer);
  };
}

struct Case {
  const char* method;
  std::string body;
};

/// Small enough to go out with the head, and so large that it goes out in pieces.
const Case kCommands[] = {{"POST", "honk"},  {"POST", ""},   {"PUT", "honk"},    {"PUT", ""},
                          {"PATCH", "honk"}, {"DELETE", ""}, {"DELETE", "honk"}, {"POST", std::string(100'000, 'x')}};

void check_sent_once(const ScriptedServer& server, Answer answer) {
  const Undelivered lost = undelivered(std::move(answer));
  CHECK(lost.sent == Undelivered::Sent::maybe);
  CHECK(lost.phase == Undelivered::Phase::receive);
  CHECK_FALSE(lost.timed_out);
  CHECK(lost.cause == server.place() + " closed the connection without a reply");
  CHECK(occurrences(server.received(), " /command HTTP/1.1\r\n") == 1);
}

}  // namespace

TEST_CASE("client: a command is sent once when its connection, used before, is closed without a reply") {
  for (const Case& command : kCommands) {
    CAPTURE(command.method);
    CAPTURE(command.body.size());
    ScriptedServer server(dies_after_one([](Peer& peer) { peer.read_request(); }));
    const auto client = start();
    REQUIRE(delivered(client->send(request("GET", http_url(server)))).body == "first");
    check_sent_once(server, client->send(request(command.method, http_url(server, "/command"), command.body)));
    CHECK(server.accepted() == 1);  // it did not even connect again
    CHECK(delivered(client->send(request(command.method, http_url(server, "/next"), command.body))).body == "repeated");
  }
}

TEST_CASE("client: a command is sent once when its connection, used before, is reset") {
  for (const Case& command : kCommands) {
    CAPTURE(command.method);
    CAPTURE(command.body.size());
    ScriptedServer server(dies_after_one([](Peer& peer) {
      peer.read_request();
      peer.reset();
    }));
    const auto client = start();
    REQUIRE(delivered(client->send(request("GET", http_url(server)))).body == "first");
    check_sent_once(server, client->send(request(command.method, http_url(server, "/command"), command.body)));
  }
}

TEST_CASE("client: a command is sent at most once when its connection is reset while it is on its way") {
  for (const Case& command : kCommands) {
    CAPTURE(command.method);
    CAPTURE(command.body.size());
    ScriptedServer server(dies_after_one([](Peer& peer) {
      peer.read(1);
      peer.reset();
    }));
    const auto client = start();
    REQUIRE(delivered(client->send(request("GET", http_url(server)))).body == "first");
    const Undelivered lost =
        undelivered(client->send(request(command.method, http_url(server, "/command"), command.body)));
    CHECK(lost.sent == Undelivered::Sent::maybe);
    CHECK(occurrences(server.received(), "/command") <= 1);
  }
}

TEST_CASE("client: an idle connection that is closed just when it is to be used does not double a command") {
  for (int i = 0; i < 50; ++i) {
    ScriptedServer server(dies_after_one([](Peer&) {}));
    const auto client = start();
    REQUIRE(delivered(client->send(request("GET", http_url(server)))).body == "first");
    const Answer answer = client->send(request("POST", http_url(server, "/command"), "honk"));
    // Who is first decides: libcurl sees the end and connects anew, or the request is lost on its way.
    if (const auto* const lost = std::get_if<Undelivered>(&answer)) CHECK(lost->sent == Undelivered::Sent::maybe);
    CHECK(occurrences(server.received(), " /command HTTP/1.1\r\n") <= 1);
  }
}

TEST_CASE("client: a command is sent once on a new connection that dies") {
  ScriptedServer server([](Peer& peer) { peer.read_request(); });
  const auto client = start();
  const Undelivered lost = undelivered(client->send(request("POST", http_url(server, "/command"), "honk")));
  CHECK(lost.sent == Undelivered::Sent::maybe);
  CHECK(occurrences(server.received(), " /command HTTP/1.1\r\n") == 1);
  CHECK(server.accepted() == 1);
}

TEST_CASE("client: what only asks goes out again when its connection, used before, is closed without a reply") {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    CAPTURE(method);
    ScriptedServer server(dies_after_one([](Peer& peer) { peer.read_request(); }));
    const auto client = start();
    REQUIRE(delivered(client->send(request("GET", http_url(server)))).body == "first");
    const auto answer = delivered(client->send(request(method, http_url(server, "/question"))));
    CHECK(answer.status == 200);
    CHECK(answer.repeats == 1);
    CHECK(occurrences(server.received(), " /question HTTP/1.1\r\n") == 2);
  }
}

TEST_CASE("client: what goes out again is counted when its reply is opened, too, and what goes out once is not") {
  ScriptedServer server(dies_after_one([](Peer& peer) { peer.read_request(); }));
  const auto client = start();
  auto first = client->open(request("GET", http_url(server)));
  REQUIRE(std::holds_alternative<Incoming>(first));
  CHECK(std::get<Incoming>(first).repeats == 0);
  REQUIRE(fleetsign::http::read_all(*std::get<Incoming>(first).body).ok());
  const auto again = client->open(request("GET", http_url(server, "/question")));
  REQUIRE(std::holds_alternative<Incoming>(again));
  CHECK(std::get<Incoming>(again).repeats == occurrences(server.received(), " /question HTTP/1.1\r\n") - 1);
}

TEST_CASE("client: a command is sent once over HTTP/2, however its stream ends") {
  enum class End { refused, failed, go_away, closed, reset };
  const TlsIdentity identity({"IP:127.0.0.1"});
  for (const End end : {End::refused, End::failed, End::go_away, End::closed, End::reset}) {
    for (const char* body : {"honk", ""}) {
      CAPTURE(static_cast<int>(end));
      CAPTURE(body);
      std::atomic<std::size_t> requests{0};
      ScriptedServer server(
          [&](Peer& peer) {
            Http2Peer http2(peer);
            while (const auto stream = http2.next_request()) {
              if (++requests != 2) {
                http2.reply(*stream, "x");
                continue;
              }
              switch (end) {
                case End::refused:
                  http2.reset(*stream, Http2Peer::kRefusedStream);
                  break;
                case End::failed:
                  http2.reset(*stream, Http2Peer::kInternalError);
                  break;
                case End::go_away:
                  return http2.go_away(1);
                case End::closed:
                  return;
                case End::reset:
                  return peer.reset();
              }
            }
          },
          {.tls = &identity, .alpn = "h2"});
      const auto client = start({.ca_file = identity.certificate()});
      REQUIRE(delivered(client->send(request("GET", "https://" + server.place() + "/"))).body == "x");
      const Undelivered lost =
          undelivered(client->send(request("POST", "https://" + server.place() + "/command", body)));
      CHECK(lost.sent == Undelivered::Sent::maybe);
      CHECK_FALSE(lost.timed_out);
      CHECK(requests == 2);
      CHECK(delivered(client->send(request("POST", "https://" + server.place() + "/next", body))).body == "x");
      CHECK(requests == 3);
    }
  }
}
