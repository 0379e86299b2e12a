// SPDX-License-Identifier: Apache-2.0
// What a stranger can do with records that hold no data, and that it does not keep others from being served.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <array>
#include <chrono>
#include <future>
#include <string>
#include <variant>
#include <vector>

#include "daemon/http/bound_endpoint.h"
#include "tests/daemon/http/tls_fixture.h"

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;
using State = Transport::State;
using tests::TlsIdentity;

const TlsIdentity& identity() {
  static const TlsIdentity made(kLoopback);
  return made;
}

void wait_readable(int descriptor) {
  pollfd poll_for{.fd = descriptor, .events = POLLIN, .revents = 0};
  REQUIRE(::poll(&poll_for, 1, 30'000) == 1);
}

std::size_t unread(const Transport& transport) {
  int bytes = 0;
  REQUIRE(::ioctl(transport.descriptor(), FIONREAD, &bytes) == 0);
  return static_cast<std::size_t>(bytes);
}

/// Both ends of a connection, behind the handshake.
struct Ends {
  std::unique_ptr<Transport> transport;
  TlsCaller caller;

  static Ends make() {
    const Endpoint endpoint = tls_endpoint(identity());
    const auto bound = BoundEndpoint::open(endpoint, 0);
    REQUIRE(bound);
    (*bound)->use_tls(*TlsServer::open(*endpoint.tls, [](const std::string&) {}));
    auto caller = std::async(std::launch::async, [&] { return TlsCaller((*bound)->url()); });
    wait_readable((*bound)->descriptor());
    auto transport = std::get<BoundEndpoint::Arrival>((*bound)->accept()).transport;
    while (transport->establish() == State::wants_readable) wait_readable(transport->descriptor());
    REQUIRE(transport->established());
    return {std::move(transport), caller.get()};
  }
};

TEST_CASE("tls limits: of records without data a few are taken at once, and what is behind them arrives") {
  Ends ends = Ends::make();
  const std::string updates = ends.caller.key_updates(1000);
  ends.caller.send_sealed(updates + ends.caller.seal("x"));
  wait_readable(ends.transport->descriptor());
  std::array<char, 10> buffer{};
  CHECK(ends.transport->peek(buffer) == 0);
  CHECK(unread(*ends.transport) > updates.size() / 2);
  int calls = 0;
  Transport::Moved moved = ends.transport->read(buffer);
  for (; moved.state == State::wants_readable && calls < 1000; ++calls) {
    wait_readable(ends.transport->descriptor());
    moved = ends.transport->read(buffer);
  }
  CHECK(moved.state == State::moved);
  CHECK(moved.bytes == 1);
  CHECK(calls > 10);
}

TEST_CASE("tls limits: a request that is stretched with records without data is late like any other") {
  const auto listener = listen_tls(identity(), echo, {.request = milliseconds(20)});
  TlsCaller caller(listener->urls().front());
  const std::string first = caller.seal("GET / HTTP/1.1\r\n");
  const std::string between = caller.key_updates(20'000);
  caller.send_sealed(first + between + caller.seal("Host: h\r\n\r\n"));
  const auto answer = caller.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 408);
}

TEST_CASE("tls limits: a caller that sends nothing but records without data is cut when its time is over") {
  const auto listener = listen_tls(identity(), echo, {.first_byte = milliseconds(2000), .request = milliseconds(200)});
  const std::string url = listener->urls().front();
  const auto is_cut = [&](const std::string& beginning) {
    TlsCaller caller(url);
    caller.send(beginning);
    for (int i = 0; i < 10'000; ++i) {
      if (!caller.send_sealed(caller.key_updates(100))) return true;
    }
    return false;
  };
  std::vector<std::future<bool>> cuts;
  for (const char* beginning : {"", "GET / HT", "GET / HTTP/1.1\r\n\r\n"})  // idle, unfinished, refused
    cuts.push_back(std::async(std::launch::async, is_cut, beginning));
  for (auto& cut : cuts) {
    do {
      CHECK(TlsCaller(url).ask(get("/")) == 200);
    } while (cut.wait_for(milliseconds(0)) == std::future_status::timeout);
    CHECK(cut.get());
  }
}

TEST_CASE("tls limits: a caller that leaves behind records without data is let go") {
  const auto listener = listen_tls(identity(), echo);
  TlsCaller caller(listener->urls().front());
  caller.send_sealed(caller.key_updates(5000));
  caller.end_output();
  CHECK(TlsCaller(listener->urls().front()).ask(get("/")) == 200);
  CHECK(caller.receive_rest().empty());
}

}  // namespace
}  // namespace fleetsign::http
