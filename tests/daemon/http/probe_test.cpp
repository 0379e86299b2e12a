// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/probe.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
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
