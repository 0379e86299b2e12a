// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/upstream/client_fixture.h"
#include "tests/daemon/upstream/http2_peer.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::tests::occurrences;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using fleetsign::tests::TlsIdentity;
using Phase = Undelivered::Phase;
using Sent = Undelivered::Sent;

namespace {

std::string https_url(const ScriptedServer& server) {
  return "https://" + server.place() + "/?hidden";
}

/// Sets a variable of the environment, which libcurl reads for each request, while no client is busy.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name_, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

void check_refused_in_handshake(Client& client, const ScriptedServer& server) {
  const Undelivered answer = undelivered(client.send(request("POST", https_url(server), "hidden")));
  CHECK(answer.sent == Sent::no);
  CHECK(answer.phase == Phase::tls);
  CHECK_FALSE(answer.timed_out);
  CHECK(answer.cause.starts_with("no TLS connection to " + server.place() + ": "));
  CHECK(answer.cause.find("hidden") == std::string::npos);
  CHECK(server.received().empty());
}

}  // namespace

TEST_CASE("client: a certificate is trusted through ca_file, and only through that") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  const TlsIdentity other({"IP:127.0.0.1"});
  ScriptedServer server(serve("x"), {.tls = &identity});
  const auto trusting = start({.ca_file = identity.certificate()});
  CHECK(delivered(trusting->send(request("GET", https_url(server)))).body == "x");

  ScriptedServer untouched(serve("x"), {.tls = &identity});
  check_refused_in_handshake(*start(), untouched);
  check_refused_in_handshake(*start({.ca_file = other.certificate()}), untouched);
  check_refused_in_handshake(*start({.ca_file = "/nonexistent/ca.pem"}), untouched);
}

TEST_CASE("client: a certificate for another name is refused") {
  const TlsIdentity identity({"DNS:example.com", "IP:127.0.0.2"});
  ScriptedServer server(serve("x"), {.tls = &identity});
  check_refused_in_handshake(*start({.ca_file = identity.certificate()}), server);
}

TEST_CASE("client: TLS before 1.2 is refused") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  ScriptedServer server(serve("x"), {.tls = &identity, .only_tls_1_1 = true});
  check_refused_in_handshake(*start({.ca_file = identity.certificate()}), server);
}

TEST_CASE("client: what does not speak TLS is refused") {
  ScriptedServer server([](Peer& peer) {
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.wait_for_close();
  });
  const Undelivered answer = undelivered(start()->send(request("POST", https_url(server), "hidden")));
  CHECK(answer.sent == Sent::no);
  CHECK(answer.phase == Phase::tls);
}

TEST_CASE("client: a TLS connection is used again") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  ScriptedServer server(serve("x"), {.tls = &identity});
  const auto client = start({.ca_file = identity.certificate()});
  for (int i = 0; i < 5; ++i) CHECK(delivered(client->send(request("POST", https_url(server), "y"))).body == "x");
  CHECK(server.accepted() == 1);
}

TEST_CASE("client: with HTTP/2, requests that come at once share one connection") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  constexpr std::size_t kCallers = 30;
  ScriptedServer server(
      [&](Peer& peer) {
        // Nobody is answered before all have asked.
        Http2Peer http2(peer);
        std::vector<std::uint32_t> streams;
        while (const auto stream = http2.next_request()) {
          streams.push_back(*stream);
          if (streams.size() < kCallers) continue;
          for (const std::uint32_t waiting : streams) http2.reply(waiting, "x");
        }
      },
      {.tls = &identity, .alpn = "h2"});
  const auto client = start({.ca_file = identity.certificate()});
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] { CHECK(delivered(client->send(request("POST", https_url(server), "y"))).body == "x"); });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(server.accepted() == 1);
}

TEST_CASE("client: without HTTP/2, a server that prefers it is asked in HTTP/1.1") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  ScriptedServer server(serve("x"), {.tls = &identity, .alpn = "h2"});
  const auto client = start({.ca_file = identity.certificate(), .http2 = false});
  CHECK(delivered(client->send(request("GET", https_url(server)))).body == "x");
  CHECK(server.received().starts_with("GET /?hidden HTTP/1.1\r\n"));
}

TEST_CASE("client: with HTTP/2, a server that is about to close loses nothing") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  ScriptedServer server(
      [](Peer& peer) {
        Http2Peer http2(peer);
        const auto stream = http2.next_request();
        if (!stream) return;
        http2.go_away(*stream);
        http2.reply(*stream, "x");
        peer.wait_for_close();
      },
      {.tls = &identity, .alpn = "h2"});
  const auto client = start({.ca_file = identity.certificate()});
  for (int i = 0; i < 5; ++i) CHECK(delivered(client->send(request("POST", https_url(server), "y"))).body == "x");
  CHECK(server.accepted() == 5);
}

TEST_CASE("client: with HTTP/2, a request that times out is cancelled and the others go on") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  std::atomic<bool> cancelled{false};
  ScriptedServer server(
      [&](Peer& peer) {
        Http2Peer http2(peer);
        while (const auto stream = http2.next_request()) {
          cancelled = http2.cancelled().contains(3);
          if (*stream != 3) http2.reply(*stream, "x");
        }
      },
      {.tls = &identity, .alpn = "h2"});
  const auto client = start({.ca_file = identity.certificate()});
  CHECK(delivered(client->send(request("GET", https_url(server)))).body == "x");
  Request unanswered = request("POST", https_url(server), "y");
  unanswered.deadline = boot_now() + 200ms;
  const Undelivered late = undelivered(client->send(unanswered));
  CHECK(late.timed_out);
  CHECK(late.sent == Sent::maybe);
  CHECK(late.phase == Phase::receive);
  CHECK(delivered(client->send(request("POST", https_url(server), "y"))).body == "x");
  CHECK(cancelled);
  CHECK(server.accepted() == 1);
}

TEST_CASE("client: https beyond loopback goes through the proxy of the environment") {
  ScriptedServer proxy([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 403 No\r\nX-Hidden: hidden\r\nContent-Length: 0\r\n\r\n");
  });
  const auto client = start();
  const Variable set("https_proxy", "http://user:hidden@" + proxy.place());
  // An address for documentation (RFC 5737): nothing is ever sent there but through the proxy.
  const Undelivered answer = undelivered(client->send(request("POST", "https://192.0.2.1/?hidden", "hidden")));
  CHECK(answer.sent == Sent::no);
  CHECK_FALSE(answer.timed_out);
  CHECK(answer.cause.find("192.0.2.1:443") != std::string::npos);
  CHECK(answer.cause.find("hidden") == std::string::npos);
  CHECK(proxy.received().starts_with("CONNECT 192.0.2.1:443 HTTP/1.1\r\n"));
}

TEST_CASE("client: a reply through a proxy has nothing of the proxy's own") {
  const TlsIdentity identity({"DNS:proxied.test"});
  ScriptedServer proxy([&](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n");
    if (!peer.start_tls(identity)) return;
    peer.read_request();
    peer.write("HTTP/1.1 404 Missing\r\nX-Server: 2\r\nContent-Length: 1\r\n\r\nx");
  });
  const auto client = start({.ca_file = identity.certificate()});
  const Variable set("https_proxy", "http://" + proxy.place());
  const Delivered reply = delivered(client->send(request("POST", "https://proxied.test/", "y")));
  CHECK(reply.status == 404);
  CHECK(reply.body == "x");
  CHECK(reply.headers.size() == 2);
  CHECK(*reply.headers.find("X-Server") == "2");
}

TEST_CASE("client: a proxy that cannot be used is told of without its password") {
  const auto client = start();
  for (const char* value : {"nonsense://user:hidden@127.0.0.1:1", "http://user:hidden@127.0.0.1:999999"}) {
    CAPTURE(value);
    const Variable set("https_proxy", value);
    const Undelivered answer = undelivered(client->send(request("POST", "https://192.0.2.1/", "x")));
    CHECK(answer.sent == Sent::no);
    CHECK(answer.cause.find("proxy") != std::string::npos);
    CHECK(answer.cause.find("hidden") == std::string::npos);
  }
}

TEST_CASE("client: loopback is never reached through a proxy") {
  ScriptedServer proxy(serve("proxy"));
  ScriptedServer server(serve("x"));
  const auto client = start();
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) {
    CAPTURE(name);
    const Variable set(name, "http://" + proxy.place());
    CHECK(delivered(client->send(request("GET", http_url(server)))).body == "x");
    CHECK(delivered(client->send(request("GET", "http://localhost:" + std::to_string(server.port())))).body == "x");
  }
  CHECK(proxy.accepted() == 0);
}
