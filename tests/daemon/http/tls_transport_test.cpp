// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/tls_transport.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/http/tls_fixture.h"

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;
using tests::TlsIdentity;

/// One for all tests that do not change it: a listener only reads it.
const TlsIdentity& identity() {
  static const TlsIdentity made(kLoopback);
  return made;
}

TEST_CASE("tls: requests and replies go through, one after the other on one connection") {
  const auto listener = listen_tls(identity(), echo);
  CHECK(listener->urls().front().starts_with("https://127.0.0.1:"));
  TlsCaller caller(listener->urls().front(), {.trusted = &identity()});
  REQUIRE(caller.is_done());
  for (int i = 0; i < 3; ++i) {
    caller.send(request("POST /x", "", "hello"));
    const auto answer = caller.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->body == "POST /x hello");
  }
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("tls: 1.2 and 1.3 are spoken, nothing older; and of applications HTTP/1.1 only") {
  const auto listener = listen_tls(identity(), echo);
  const std::string url = listener->urls().front();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsCaller caller(url, {.version = version, .alpn = "http/1.1"});
    REQUIRE(caller.is_done());
    CHECK(SSL_version(caller.ssl()) == version);
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(caller.ssl(), &chosen, &size);
    CHECK(std::string(chosen, chosen + size) == "http/1.1");
    CHECK(caller.ask(get("/")) == 200);
  }
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    CAPTURE(version);
    CHECK_FALSE(TlsCaller(url, {.version = version}).is_done());
  }
  CHECK_FALSE(TlsCaller(url, {.alpn = "h2"}).is_done());
}

TEST_CASE("tls: no session is resumed, so nothing is kept for callers that have gone") {
  const auto listener = listen_tls(identity(), echo);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsCaller caller(listener->urls().front(), {.version = version});
    CHECK(caller.ask(get("/")) == 200);
    CHECK(SSL_SESSION_is_resumable(SSL_get0_session(caller.ssl())) == 0);
  }
}

TEST_CASE("tls: a request may come in one record or in many, and a record in many pieces") {
  const auto listener = listen_tls(identity(), echo);
  const std::string body(40'000, 'b');
  const std::string whole = request("POST /x", "", body);
  for (const std::size_t record :
       {std::size_t{1'000'000}, std::size_t{16'384}, std::size_t{16'383}, std::size_t{100}}) {
    CAPTURE(record);
    TlsCaller caller(listener->urls().front());
    for (std::size_t at = 0; at < whole.size(); at += record) caller.send(whole.substr(at, record));
    CHECK(caller.receive()->body == "POST /x " + body);
  }
  TlsCaller caller(listener->urls().front());
  for (const char byte : caller.seal(get("/y"))) caller.send_sealed({&byte, 1});
  CHECK(caller.receive()->body == "GET /y ");
}

TEST_CASE("tls: requests that come together are all answered, in one record and in several") {
  const auto listener = listen_tls(identity(), echo);
  TlsCaller together(listener->urls().front());
  together.send(get("/1") + get("/2") + get("/3"));
  TlsCaller apart(listener->urls().front());
  std::string records;  // go in one piece, so that the socket is empty when the first one has been read
  for (const char* target : {"/1", "/2", "/3"}) records += apart.seal(get(target));
  apart.send_sealed(records);
  for (TlsCaller* caller : {&together, &apart}) {
    for (const char* target : {"/1", "/2", "/3"}) {
      const auto answer = caller->receive();
      REQUIRE(answer.has_value());
      CHECK(answer->body == std::string("GET ") + target + " ");
    }
  }
}

TEST_CASE("tls: a short reply goes in one record, head and body together") {
  const auto listener = listen_tls(identity(), [](const Request&) { return text("short"); });
  TlsCaller caller(listener->urls().front());
  caller.send(get("/"));
  REQUIRE(is_readable(caller, milliseconds(30'000)));
  std::string header(5, '\0');
  REQUIRE(::recv(caller.descriptor(), header.data(), header.size(), MSG_PEEK) == 5);
  const auto size = [&] {
    return static_cast<std::size_t>(static_cast<unsigned char>(header[3]) << 8 | static_cast<unsigned char>(header[4]));
  }();
  const auto answer = caller.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->body == "short");
  CHECK(size > answer->body.size() + 60);
  CHECK(size < 1000);
}

TEST_CASE("tls: a long reply reaches a caller that reads late, and holds no thread meanwhile") {
  const std::string much(32 * 1024 * 1024 + 7, 'x');
  const auto listener =
      listen_tls(identity(), [&](const Request& request) { return text(request.path == "/much" ? much : "little"); },
                 {.workers = 1, .reply = milliseconds(60'000)});
  TlsCaller slow(listener->urls().front());
  slow.send(get("/much"));
  REQUIRE(is_readable(slow, milliseconds(30'000)));
  CHECK(TlsCaller(listener->urls().front()).ask(get("/")) == 200);
  CHECK(slow.receive()->body == much);
  CHECK(slow.ask(get("/")) == 200);
}

TEST_CASE("tls: plain HTTP on the port is told what the port speaks") {
  const auto listener = listen_tls(identity(), echo);
  Caller plain(listener->urls().front());
  plain.send(get("/"));
  const auto answer = plain.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 400);
  CHECK(answer->body == "this port speaks https, and the request came as plain http\n");
  CHECK(*answer->headers.find("Connection") == "close");
  CHECK(plain.receive_rest().empty());
}

TEST_CASE("tls: what is no handshake is closed, and serves nobody else worse") {
  const auto listener = listen_tls(identity(), echo);
  const std::string hello = client_hello();
  const std::vector<std::string> garbage{std::string(1, '\0'),
                                         "\x16\x03\x01\xff\xff",
                                         std::string(1000, '\x16'),
                                         "get / http/1.1\r\n\r\n",
                                         std::string("\x16\x03\x01\0\5hello", 10),
                                         hello.substr(0, 60) + std::string(hello.size() - 60, '\xff'),
                                         hello + hello,
                                         hello + std::string("\x17\x03\x03\0\1x", 6)};
  for (std::size_t i = 0; i < garbage.size(); ++i) {
    CAPTURE(i);
    Caller stranger(listener->urls().front());
    stranger.send(garbage[i]);
    stranger.end_output();
    CHECK(stranger.receive_rest().find("(still open)") == std::string::npos);
    CHECK(TlsCaller(listener->urls().front()).ask(get("/")) == 200);
  }
}

TEST_CASE("tls: a handshake that stops or trickles is closed when the first byte is due, and costs no thread") {
  const auto listener = listen_tls(identity(), echo, {.workers = 1, .first_byte = milliseconds(1000)});
  const std::string url = listener->urls().front();
  const std::string hello = client_hello();
  Caller silent(url);
  Caller half(url);
  half.send(hello.substr(0, hello.size() / 2));
  Caller without_end(url);
  without_end.send(hello);
  Caller trickling(url);
  std::size_t sent = 0;
  while (sent < hello.size() && trickling.send(hello.substr(sent, 1)) && !is_readable(trickling, milliseconds(20)))
    ++sent;
  CHECK(sent < hello.size() - 1);
  CHECK(TlsCaller(url).ask(get("/")) == 200);
  for (Caller* caller : {&silent, &half, &trickling}) CHECK(caller->receive_rest().empty());
  CHECK(without_end.receive_rest().find("(still open)") == std::string::npos);
}

TEST_CASE("tls: a request that does not arrive in its time is told so") {
  const auto listener = listen_tls(identity(), echo, {.request = milliseconds(200)});
  TlsCaller caller(listener->urls().front());
  caller.send("GET / HT");
  const auto answer = caller.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 408);
  CHECK(caller.receive_rest().empty());
}

TEST_CASE("tls: an idle connection ends with a farewell, not with a cut") {
  const auto listener = listen_tls(identity(), echo, {.first_byte = milliseconds(1000)});
  TlsCaller caller(listener->urls().front());
  CHECK(caller.ask(get("/")) == 200);
  CHECK(caller.receive_rest().empty());
  CHECK((SSL_get_shutdown(caller.ssl()) & SSL_RECEIVED_SHUTDOWN) != 0);
}

TEST_CASE("tls: the last reply is followed by a farewell, whatever the caller still sends") {
  const auto listener = listen_tls(identity(), echo);
  TlsCaller caller(listener->urls().front());
  caller.send("GET / HTTP/1.1\r\n\r\n" + std::string(300'000, 'x'));
  const auto answer = caller.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 400);
  CHECK(caller.receive_rest().empty());
  CHECK((SSL_get_shutdown(caller.ssl()) & SSL_RECEIVED_SHUTDOWN) != 0);
}

TEST_CASE("tls: a caller that says good-bye behind its request still gets the reply") {
  const auto listener = listen_tls(identity(), echo);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsCaller caller(listener->urls().front(), {.version = version});
    caller.send(get("/"));
    caller.end_output();
    const auto answer = caller.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
  }
}

TEST_CASE("tls: a handler learns that its caller has gone") {
  Gate gate;
  std::promise<bool> learned;
  const auto listener = listen_tls(identity(), [&](const Request& request) {
    gate.pass(request);
    learned.set_value(request.caller_gone());
    return text("too late");
  });
  {
    TlsCaller caller(listener->urls().front());
    caller.send(get("/"));
    gate.wait_for(1);
  }
  CHECK(learned.get_future().get());
}

TEST_CASE("tls: when all workers are busy, a new caller still gets through to an express path") {
  Gate gate;
  const auto listener = listen({.endpoints = {tls_endpoint(identity()), {"http://127.0.0.1:0"}},
                                .limits = {.workers = 1, .queue = 0},
                                .handler =
                                    [&](const Request& request) {
                                      if (request.path == "/slow") gate.pass(request);
                                      return text(request.path);
                                    },
                                .express_paths = {"/health"}});
  const std::string url = listener->urls().front();
  Caller busy(listener->urls().back());
  busy.send(get("/slow"));
  gate.wait_for(1);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsCaller express(url, {.version = version});
    REQUIRE(express.is_done());
    CHECK(express.ask(get("/health")) == 200);
    CHECK(express.ask(get("/health?again")) == 200);
    TlsCaller other(url, {.version = version});
    CHECK(other.ask(get("/slow")) == 503);
    Caller plain(url);
    CHECK(plain.ask(get("/health")) == 400);
  }
  gate.open();
  CHECK(busy.receive()->status == 200);
}

TEST_CASE("tls: beyond the limit of connections, callers are closed") {
  const auto listener = listen_tls(identity(), echo, {.connections = 1});
  TlsCaller first(listener->urls().front());
  CHECK(first.ask(get("/")) == 200);
  CHECK_FALSE(TlsCaller(listener->urls().front()).is_done());
  CHECK(first.ask(get("/")) == 200);
}

TEST_CASE("tls: where callers must show a certificate, those with the right one are named and others are refused") {
  const TlsIdentity friends(kLoopback);
  const TlsIdentity strangers(kLoopback);
  const auto listener =
      listen({.endpoints = {tls_endpoint(identity(), &friends)}, .handler = [](const Request& request) {
                const auto& certificate = request.peer.certificate;
                return text(certificate ? certificate->common_name + " " + certificate->sha256 : "");
              }});
  const std::string url = listener->urls().front();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    CAPTURE(version);
    TlsCaller known(url, {.identity = &friends, .version = version});
    known.send(get("/"));
    const auto answer = known.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->body == "fleetsign test " + fingerprint(friends));
    CHECK(TlsCaller(url, {.version = version}).ask(get("/")) == 0);
    CHECK(TlsCaller(url, {.identity = &strangers, .version = version}).ask(get("/")) == 0);
  }
}

TEST_CASE("tls: a handshake that fails is told to the caller, and to the operator without the caller's words") {
  std::promise<std::string> report;
  const auto listener =
      listen({.endpoints = {tls_endpoint(identity())}, .handler = echo, .report = [&](const std::string& message) {
                report.set_value(message);
              }});
  Caller stranger(listener->urls().front());
  stranger.send(std::string("\x16\x03\x01\0\5hello", 10) + std::string(100'000, 'x'));
  const std::string alert = stranger.receive_rest();
  CHECK(errno != ECONNRESET);  // which could overtake the alert
  CHECK(alert.starts_with("\x15\x03"));
  CHECK(report.get_future().get() == "https://127.0.0.1:0: a handshake has failed (unexpected message)");
}

TEST_CASE("tls: a caller that is asked for no certificate has none") {
  const auto listener = listen_tls(
      identity(), [](const Request& request) { return text(request.peer.certificate ? "named" : "nameless"); });
  TlsCaller caller(listener->urls().front(), {.identity = &identity()});
  caller.send(get("/"));
  CHECK(caller.receive()->body == "nameless");
}

TEST_CASE("tls: a shut-down under load loses no reply") {
  std::atomic<int> handled = 0;
  std::atomic<int> replied = 0;
  std::atomic<int> ready = 0;
  const auto listener = listen_tls(identity(),
                                   [&](const Request& request) {
                                     ++handled;
                                     return text(request.body + std::string(40'000, 'x'));
                                   },
                                   {.workers = 4});
  const std::string url = listener->urls().front();
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      TlsCaller caller(url);
      for (int n = 0; caller.send(request("POST /", "", "body")); ++n) {
        const auto answer = caller.receive();
        if (!answer) break;
        ++replied;
        if (n == 5) ++ready;
        if (answer->headers.find("Connection") != nullptr) break;
      }
    });
  }
  while (ready < 8) std::this_thread::yield();
  listener->shut_down(milliseconds(30'000));
  for (std::thread& caller : callers) caller.join();
  CHECK(handled == replied);
  CHECK(handled >= 8 * 6);
}

TEST_CASE("tls: a shut-down closes those who are shaking hands or silent at once") {
  const auto listener = listen_tls(identity(), echo);
  Caller silent(listener->urls().front());
  Caller half(listener->urls().front());
  half.send(client_hello());
  REQUIRE(is_readable(half, milliseconds(30'000)));
  TlsCaller idle(listener->urls().front());
  CHECK(idle.ask(get("/")) == 200);
  const auto start = std::chrono::steady_clock::now();
  listener->shut_down(milliseconds(30'000));
  CHECK(std::chrono::steady_clock::now() - start < milliseconds(15'000));
  CHECK(silent.receive_rest().empty());
  CHECK(idle.receive_rest().empty());
}

}  // namespace
}  // namespace fleetsign::http
