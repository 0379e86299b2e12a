// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/probe.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "daemon/http/bound_endpoint.h"
#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/http/listener_fixture.h"

namespace fleetsign::http {
namespace {

using crypto::test::TemporaryFolder;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kAmple{30};

/// A socket at this path, where nobody takes a connection.
Descriptor deaf(const std::string& path) {
  const auto address = parse_endpoint("unix:" + path);
  REQUIRE(address.ok());
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0);
  REQUIRE(::listen(socket.get(), 1) == 0);
  return socket;
}

TEST_CASE("probe: a listener that answers is well, whatever it says, also when all its workers are at work") {
  const TemporaryFolder folder;
  const auto path = folder.file("api.sock");
  Gate gate;
  const auto listener = listen({.endpoints = {{"unix:" + path}},
                                .limits = {.workers = 1, .queue = 1},
                                .handler =
                                    [&](const Request& request) {
                                      if (request.path == "/slow") gate.pass(request);
                                      return Reply{.status = 404};
                                    },
                                .express_paths = {"/health"}});
  CHECK_FALSE(probe(path, kAmple).has_value());
  Caller slow("unix:" + path);
  slow.send(get("/slow"));
  gate.wait_for(1);
  CHECK_FALSE(probe(path, kAmple).has_value());
  CHECK(listener->stalled() == milliseconds(0));
  gate.open();
}

TEST_CASE("listener: it tells how long a handler has been at work, also while others are, and not once it has ended") {
  const TemporaryFolder folder;
  const auto path = folder.file("api.sock");
  Gate gate;
  const auto listener = listen({.endpoints = {{"unix:" + path}}, .handler = [&](const Request& request) {
                                  if (request.path == "/slow") gate.pass(request);
                                  return Reply{};
                                }});
  CHECK(listener->longest_at_work() == milliseconds(0));
  Caller slow("unix:" + path);
  slow.send(get("/slow"));
  gate.wait_for(1);
  Caller quick("unix:" + path);
  for (int i = 0; i < 30'000 && listener->longest_at_work() < milliseconds(5); ++i) {
    quick.send(get("/quick"));
    CHECK(quick.receive()->status == 200);
  }
  CHECK(listener->longest_at_work() >= milliseconds(5));
  gate.open();
  CHECK(slow.receive()->status == 200);
  CHECK(listener->longest_at_work() == milliseconds(0));
}

TEST_CASE("listener: handlers of an endpoint without deadlines may be at work for as long as they need") {
  const TemporaryFolder folder;
  const auto path = folder.file("admin.sock");
  Gate gate;
  const auto listener =
      listen({.endpoints = {{.url = "unix:" + path, .has_deadlines = false}}, .handler = [&](const Request& request) {
                gate.pass(request);
                return Reply{};
              }});
  Caller slow("unix:" + path);
  slow.send(get("/slow"));
  gate.wait_for(1);
  std::this_thread::sleep_for(milliseconds(2));
  CHECK(listener->longest_at_work() == milliseconds(0));
  gate.open();
}

TEST_CASE("listener: whoever waits behind a body that is streamed waits for nothing stuck") {
  class Trickle final : public BodySource {
   public:
    explicit Trickle(Gate& gate, Request request) : gate_(gate), request_(std::move(request)) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
    crypto::Result<std::size_t, std::string> read(std::span<char> /*into*/) override {
      gate_.pass(request_);
      return std::size_t{0};
    }

   private:
    Gate& gate_;
    Request request_;
  };
  const TemporaryFolder folder;
  const auto path = folder.file("api.sock");
  Gate gate;
  std::atomic<bool> streams{true};
  const auto listener = listen(
      {.endpoints = {{"unix:" + path}}, .limits = {.workers = 1, .queue = 1}, .handler = [&](const Request& request) {
         if (streams) return Reply{.body_source = std::make_shared<Trickle>(gate, request)};
         gate.pass(request);
         return Reply{};
       }});
  const auto stalls_behind_it = [&](int arrivals) {
    Caller first("unix:" + path);
    first.send(get("/slow"));
    gate.wait_for(arrivals);
    Caller second("unix:" + path);
    second.send(get("/slow"));
    for (int i = 0; i < 30'000 && listener->figures().requests_queued == 0; ++i)
      std::this_thread::sleep_for(milliseconds(1));
    REQUIRE(listener->figures().requests_queued == 1);
    for (int i = 0; i < 100 && listener->stalled() == milliseconds(0); ++i)
      std::this_thread::sleep_for(milliseconds(1));
    return listener->stalled() > milliseconds(0);
  };
  CHECK_FALSE(stalls_behind_it(1));
  streams = false;
  CHECK(stalls_behind_it(2));
  gate.open();
}

TEST_CASE("probe: without an answer in time it says so") {
  const TemporaryFolder folder;
  const auto path = folder.file("deaf.sock");
  const auto socket = deaf(path);
  CHECK(probe(path, milliseconds(20)) == "no answer within 20 ms");
}

TEST_CASE("probe: what closes in place of an answer is not well") {
  const TemporaryFolder folder;
  const auto path = folder.file("closing.sock");
  const auto socket = deaf(path);
  std::thread closing([&] {
    const Descriptor taken(::accept(socket.get(), nullptr, nullptr));
    std::array<char, 512> request{};
    CHECK(::recv(taken.get(), request.data(), request.size(), 0) > 0);
  });
  CHECK(probe(path, kAmple) == "an end in place of an answer");
  closing.join();
}

TEST_CASE("probe: a socket that is gone is said to have no connection") {
  const TemporaryFolder folder;
  const auto trouble = probe(folder.file("none.sock"), kAmple);
  REQUIRE(trouble.has_value());
  CHECK(trouble->starts_with("no connection: "));
}

}  // namespace
}  // namespace fleetsign::http
