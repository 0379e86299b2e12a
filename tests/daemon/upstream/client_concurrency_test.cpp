// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/upstream/client_fixture.h"
#include "tests/daemon/upstream/http2_peer.h"
#include "tests/daemon/upstream/interposed.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::tests::http_reply;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using fleetsign::tests::TlsIdentity;
using Phase = Undelivered::Phase;
using Sent = Undelivered::Sent;

namespace {

constexpr int kCallers = 50;
constexpr int kRequests = 20;

/// Answers each request with its own path, which is its body as well.
void echo_path(Peer& peer) {
  for (std::string asked = peer.read_request(); !asked.empty(); asked = peer.read_request()) {
    const std::size_t path = asked.find(' ') + 1;
    peer.write(http_reply(200, asked.substr(path, asked.find(' ', path) - path)));
  }
}

void ask_from_many_threads(Client& client, const std::string& base) {
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kRequests; ++i) {
        const std::string path = "/" + std::to_string(caller) + "/" + std::to_string(i);
        const Answer answer = client.send(request("POST", base + path, path));
        const auto* const reply = std::get_if<Delivered>(&answer);
        if (reply != nullptr && reply->body == path) ++right;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(right == kCallers * kRequests);
}

/// Calls that are under way when something happens to the client.
class Calls {
 public:
  Calls(Client& client, const std::string& url, int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, &client, url] {
        const Undelivered answer = undelivered(client.send(request("POST", url, "x")));
        if (answer.phase == Phase::shutdown && !answer.timed_out && answer.sent == Sent::maybe) ++ended_;
      });
    }
  }
  /// How many have been ended by a shutdown.
  int join() {
    for (std::thread& thread : threads_) thread.join();
    return ended_;
  }

 private:
  std::atomic<int> ended_{0};
  std::vector<std::thread> threads_;
};

/// Waits until a server that never answers has so many requests.
void wait_for_requests(const ScriptedServer& server, std::size_t count) {
  const auto end = boot_now() + kAmple / 2;
  while (fleetsign::tests::occurrences(server.received(), "\r\n\r\nx") < count) {
    REQUIRE(boot_now() < end);
    std::this_thread::sleep_for(1ms);
  }
}

}  // namespace

TEST_CASE("client: many callers each get their own answer") {
  ScriptedServer server(echo_path);
  const auto client = start();
  ask_from_many_threads(*client, "http://" + server.place());
  CHECK(server.accepted() <= kCallers);
}

TEST_CASE("client: many callers over TLS each get their own answer") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  ScriptedServer server(echo_path, {.tls = &identity});
  const auto client = start({.ca_file = identity.certificate()});
  ask_from_many_threads(*client, "https://" + server.place());
  CHECK(server.accepted() <= kCallers);
}

TEST_CASE("client: many callers over HTTP/2 each get their own answer") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  ScriptedServer server(
      [](Peer& peer) {
        Http2Peer http2(peer);
        while (const auto stream = http2.next_request()) http2.reply(*stream, http2.take_body(*stream));
      },
      {.tls = &identity, .alpn = "h2"});
  const auto client = start({.ca_file = identity.certificate()});
  ask_from_many_threads(*client, "https://" + server.place());
  CHECK(server.accepted() == 1);
}

TEST_CASE("client: no more connections are kept open than allowed") {
  ScriptedServer server(echo_path);
  const auto client = start({.connections = 2});
  ask_from_many_threads(*client, "http://" + server.place());
}

TEST_CASE("client: several threads may start clients at once") {
  ScriptedServer server(serve("x"));
  std::vector<std::thread> users;
  for (int i = 0; i < 8; ++i) {
    users.emplace_back([&] {
      const auto client = start();
      CHECK(delivered(client->send(request("GET", http_url(server)))).body == "x");
    });
  }
  for (std::thread& user : users) user.join();
}

TEST_CASE("client: shutting down ends what is under way at once, and all that comes later") {
  ScriptedServer server([](Peer& peer) { peer.wait_for_close(); });
  const auto client = start();
  Calls calls(*client, http_url(server), 20);
  wait_for_requests(server, 20);
  const auto begun = boot_now();
  client->shut_down();
  CHECK(calls.join() == 20);
  CHECK(boot_now() - begun < kAmple / 5);

  const Undelivered later = undelivered(client->send(request("POST", http_url(server), "x")));
  CHECK(later.phase == Phase::shutdown);
  CHECK(later.sent == Sent::no);
  CHECK(later.cause == "the client is shutting down");
  client->shut_down();
}

TEST_CASE("client: several threads may shut it down at once, while others send") {
  ScriptedServer server(serve("x"));
  const auto client = start();
  std::atomic<bool> ended{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      while (!ended) {
        const Answer answer = client->send(request("GET", http_url(server)));
        const auto* const lost = std::get_if<Undelivered>(&answer);
        if (lost != nullptr && lost->phase == Phase::shutdown) ended = true;
      }
    });
  }
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { client->shut_down(); });
  for (std::thread& thread : threads) thread.join();
  CHECK(ended);
}

TEST_CASE("client: nobody hangs when its thread fails") {
  ScriptedServer server([](Peer& peer) { peer.wait_for_close(); });
  const auto client = start();
  Calls calls(*client, http_url(server), 20);
  wait_for_requests(server, 20);
  const auto begun = boot_now();
  const BrokenEpoll broken;
  const Undelivered last = undelivered(client->send(request("POST", http_url(server), "x")));
  CHECK(last.phase == Phase::shutdown);
  CHECK(last.cause.starts_with("the client's thread has failed: epoll_wait: "));
  CHECK(calls.join() == 20);
  CHECK(boot_now() - begun < kAmple / 5);

  const Undelivered later = undelivered(client->send(request("POST", http_url(server), "x")));
  CHECK(later.phase == Phase::shutdown);
  CHECK(later.sent == Sent::no);
  CHECK(later.cause == last.cause);
}
