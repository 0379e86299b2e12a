// SPDX-License-Identifier: Apache-2.0
// Names, with a resolver that may hang: libcurl gives it a thread that nobody can end.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "daemon/upstream/lookups.h"
#include "tests/daemon/upstream/client_fixture.h"
#include "tests/daemon/upstream/interposed.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::tests::ScriptedServer;
using fleetsign::tests::TlsIdentity;
using Behaviour = FakeResolver::Behaviour;
using Phase = Undelivered::Phase;
using Sent = Undelivered::Sent;

namespace {

/// A server behind names, which are for https only.
struct Named {
  explicit Named(ScriptedServer::Script script = serve("x"))
      : server(std::move(script), {.tls = &identity}), client(start({.ca_file = identity.certificate()})) {}

  [[nodiscard]] Request get(const std::string& name) const {
    return request("GET", "https://" + name + ":" + std::to_string(server.port()) + "/");
  }
  [[nodiscard]] Request get(const std::string& name, std::chrono::milliseconds time) const {
    Request short_lived = get(name);
    short_lived.deadline = boot_now() + time;
    return short_lived;
  }

  TlsIdentity identity{{"DNS:good.test", "DNS:*.good.test", "IP:127.0.0.1"}};
  ScriptedServer server;
  FakeResolver resolver;  ///< waits for its lookups after the client has gone
  std::unique_ptr<Client> client;
};

}  // namespace

TEST_CASE("client: a name is looked up and remembered") {
  Named named;
  CHECK(delivered(named.client->send(named.get("good.test"))).body == "x");
  CHECK(delivered(named.client->send(named.get("good.test"))).body == "x");
  CHECK(named.resolver.begun() == 1);
}

TEST_CASE("client: a name without an address is told as such, and nothing was sent") {
  Named named;
  named.resolver.set(Behaviour::finds_nothing);
  const Undelivered answer = undelivered(named.client->send(named.get("missing.test")));
  CHECK(answer.sent == Sent::no);
  CHECK(answer.phase == Phase::resolve);
  CHECK_FALSE(answer.timed_out);
  CHECK(answer.cause.starts_with("no address for missing.test:" + std::to_string(named.server.port()) + ": "));
}

TEST_CASE("client: the deadline is kept while a lookup hangs, and others go on") {
  Named named;
  named.resolver.set(Behaviour::hangs);
  check_times_out(*named.client, named.get("good.test"), Sent::no, Phase::resolve,
                  "good.test:" + std::to_string(named.server.port()), "while looking up the name");
  CHECK(delivered(named.client->send(named.get("127.0.0.1"))).body == "x");
  CHECK(named.server.opened() == 1);
}

TEST_CASE("client: a lookup that hung does not send anything when it is over") {
  Named named;
  named.resolver.set(Behaviour::hangs);
  CHECK(undelivered(named.client->send(named.get("good.test", 100ms))).timed_out);
  named.resolver.set(Behaviour::finds);
  named.resolver.release();
  CHECK(delivered(named.client->send(named.get("good.test"))).body == "x");
  CHECK(named.server.accepted() == 1);
  CHECK(fleetsign::tests::occurrences(named.server.received(), "GET /") == 1);
}

TEST_CASE("client: while a lookup hangs, a later request looks the name up anew") {
  Named named;
  named.resolver.set(Behaviour::hangs);
  CHECK(undelivered(named.client->send(named.get("good.test", 100ms))).timed_out);
  named.resolver.set(Behaviour::finds);
  CHECK(delivered(named.client->send(named.get("good.test"))).body == "x");
  CHECK(named.resolver.begun() == 2);
}

TEST_CASE("client: when a lookup hangs, those who wait for it try again once its caller has given up") {
  Named named;
  named.resolver.set(Behaviour::hangs);
  std::vector<std::thread> callers;
  callers.emplace_back([&] { CHECK(undelivered(named.client->send(named.get("good.test", 500ms))).timed_out); });
  REQUIRE(named.resolver.wait_for_begun(1));
  named.resolver.set(Behaviour::finds);
  for (int i = 0; i < 10; ++i) {
    callers.emplace_back([&] { CHECK(delivered(named.client->send(named.get("good.test"))).body == "x"); });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(named.resolver.begun() == 2);
}

TEST_CASE("client: many requests for one name make one lookup, and share what it says") {
  constexpr std::size_t kCallers = 30;
  for (const bool other_hangs : {false, true}) {  // libcurl itself lets requests wait, but not while another one hangs
    for (const bool found : {true, false}) {
      CAPTURE(other_hangs);
      CAPTURE(found);
      Named named;
      named.resolver.set(Behaviour::hangs);
      if (other_hangs) CHECK(undelivered(named.client->send(named.get("a.good.test", 100ms))).timed_out);
      const std::size_t others = named.resolver.begun();

      std::atomic<std::size_t> calling{0};
      std::vector<std::thread> callers;
      for (std::size_t i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
          const Request get = named.get("good.test");
          ++calling;
          const Answer answer = named.client->send(get);
          if (found) {
            CHECK(delivered(answer).body == "x");
          } else {
            CHECK(undelivered(answer).phase == Phase::resolve);
            CHECK(undelivered(answer).sent == Sent::no);
          }
        });
      }
      REQUIRE(named.resolver.wait_for_begun(others + 1));
      while (calling < kCallers) std::this_thread::yield();
      for (int i = 0; i < 50; ++i) CHECK(delivered(named.client->send(named.get("127.0.0.1"))).body == "x");
      CHECK(named.resolver.begun() == others + 1);

      named.resolver.set(found ? Behaviour::finds : Behaviour::finds_nothing);
      named.resolver.release();
      for (std::thread& caller : callers) caller.join();
      // A caller that is late on a busy machine finds the address known, or has to ask again when there is none.
      CHECK(named.resolver.begun() <= others + (found ? 1 : kCallers / 2));
      CHECK(named.resolver.most_at_once() <= others + 1);
    }
  }
}

TEST_CASE("client: lookups that hang are bounded, the next one is refused, and places come back") {
  Named named;
  named.resolver.set(Behaviour::hangs);
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < Lookups::kMost; ++i) {
    callers.emplace_back([&, i] {
      const std::string name = std::to_string(i) + ".good.test";
      CHECK(undelivered(named.client->send(named.get(name, 300ms))).timed_out);
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(named.resolver.begun() == Lookups::kMost);

  // So long that libcurl, were it not told otherwise, would have given them up as well.
  for (const auto end = boot_now() + 300ms; boot_now() < end;) {
    CHECK(delivered(named.client->send(named.get("127.0.0.1"))).body == "x");
  }
  const Undelivered refused = undelivered(named.client->send(named.get("good.test")));
  CHECK(refused.sent == Sent::no);
  CHECK(refused.phase == Phase::resolve);
  CHECK_FALSE(refused.timed_out);
  CHECK(refused.cause.ends_with(": too many lookups hang"));
  CHECK(named.resolver.begun() == Lookups::kMost);
  CHECK(delivered(named.client->send(named.get("127.0.0.1"))).body == "x");

  named.resolver.set(Behaviour::finds);
  named.resolver.release();
  // The places come back one by one.
  Answer answer;
  for (const auto end = boot_now() + kAmple; boot_now() < end; std::this_thread::sleep_for(1ms)) {
    answer = named.client->send(named.get("good.test"));
    if (std::holds_alternative<Delivered>(answer)) break;
  }
  CHECK(delivered(answer).body == "x");
}

TEST_CASE("client: shutting down does not wait for a lookup that hangs") {
  Named named;
  named.resolver.set(Behaviour::hangs);
  CHECK(undelivered(named.client->send(named.get("a.good.test", 100ms))).timed_out);
  std::thread caller([&] {
    const Undelivered answer = undelivered(named.client->send(named.get("good.test")));
    CHECK(answer.phase == Phase::shutdown);
    CHECK(answer.sent == Sent::no);
    CHECK_FALSE(answer.timed_out);
  });
  REQUIRE(named.resolver.wait_for_begun(2));
  const auto begun = boot_now();
  named.client->shut_down();
  caller.join();
  named.client.reset();
  CHECK(boot_now() - begun < kAmple / 5);
}
