// SPDX-License-Identifier: Apache-2.0
// The answer comes by the deadline, whatever hangs; and it says where.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/upstream/client_fixture.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::tests::http_reply;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using Phase = Undelivered::Phase;
using Sent = Undelivered::Sent;

namespace {

/// A port of loopback that completes no handshake any more.
class FullBacklog {
 public:
  FullBacklog() {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(bind(listener_, as_sockaddr(), sizeof address_) == 0);
    REQUIRE(listen(listener_, 0) == 0);
    socklen_t size = sizeof address_;
    getsockname(listener_, as_sockaddr(), &size);
    for (int& filler : fillers_) {
      filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      connect(filler, as_sockaddr(), sizeof address_);
    }
  }
  ~FullBacklog() {
    for (const int filler : fillers_) close(filler);
    close(listener_);
  }
  FullBacklog(const FullBacklog&) = delete;
  FullBacklog& operator=(const FullBacklog&) = delete;

  [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

 private:
  sockaddr* as_sockaddr() { return reinterpret_cast<sockaddr*>(&address_); }

  sockaddr_in address_{};
  int listener_ = -1;
  int fillers_[8] = {};
};

void hang(Peer& peer) {
  peer.wait_for_close();
}

}  // namespace

TEST_CASE("client: a deadline that has passed costs no connection") {
  ScriptedServer server(serve("x"));
  const auto client = start();
  for (const auto deadline : {boot_now(), boot_now() - 1h, fleetsign::protocol::Instant()}) {
    Request late = request("POST", http_url(server), "x");
    late.deadline = deadline;
    const Undelivered answer = undelivered(client->send(late));
    CHECK(answer.timed_out);
    CHECK(answer.sent == Sent::no);
    CHECK(answer.cause == "the deadline had passed before anything was sent to " + server.place());
  }
  CHECK(server.accepted() == 0);
}

TEST_CASE("client: a deadline at the end of time is as good as any") {
  ScriptedServer server(serve("x"));
  const auto client = start();
  Request patient = request("GET", http_url(server));
  patient.deadline = fleetsign::protocol::Instant::max();
  CHECK(delivered(client->send(patient)).body == "x");
}

TEST_CASE("client: the deadline is kept while connecting") {
  const FullBacklog full;
  const auto client = start();
  check_times_out(*client, request("POST", "http://" + full.place() + "/", "x"), Sent::no, Phase::connect, full.place(),
                  "while connecting");
}

TEST_CASE("client: the deadline is kept during the TLS handshake") {
  ScriptedServer server(hang);
  const auto client = start();
  check_times_out(*client, request("POST", "https://" + server.place() + "/", "x"), Sent::no, Phase::tls,
                  server.place(), "during the TLS handshake");
}

TEST_CASE("client: the deadline is kept while sending") {
  ScriptedServer server([](Peer& peer) {
    peer.read(1);
    peer.stall();  // more than fits into the sockets' buffers waits meanwhile
  });
  const auto client = start();
  check_times_out(*client, request("POST", http_url(server), std::string(20'000'000, 'x')), Sent::maybe, Phase::send,
                  server.place(), "while sending the request");
}

TEST_CASE("client: the deadline is kept while waiting for the reply") {
  ScriptedServer server(hang);
  const auto client = start();
  check_times_out(*client, request("POST", http_url(server, "/?hidden"), "hidden"), Sent::maybe, Phase::receive,
                  server.place(), "while waiting for the reply");
}

TEST_CASE("client: the deadline is kept while a head or a body trickles in") {
  struct Case {
    const char* start;
    const char* piece;
    const char* where;
  };
  for (const Case& trickle :
       {Case{"HTTP/1.1 200 O", "K", "while waiting for the reply"},
        Case{"HTTP/1.1 200 OK\r\n", "X: y\r\n", "while reading the reply"},
        Case{"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "y", "while reading the reply"}}) {
    CAPTURE(trickle.start);
    ScriptedServer server([&](Peer& peer) {
      peer.read_request();
      peer.write(trickle.start);
      while (peer.write(trickle.piece)) std::this_thread::sleep_for(10ms);
    });
    const auto client = start();
    check_times_out(*client, request("GET", http_url(server)), Sent::maybe, Phase::receive, server.place(),
                    trickle.where);
  }
}

TEST_CASE("client: connecting may take so long and no longer, however far the deadline is") {
  const FullBacklog full;
  ScriptedServer silent(hang);
  const auto client = Client::start({.connect = 200ms});
  for (const std::string& url : {"http://" + full.place() + "/", "https://" + silent.place() + "/"}) {
    CAPTURE(url);
    const auto begun = boot_now();
    const Undelivered answer = undelivered(client->send(request("POST", url, "x")));
    CHECK(boot_now() - begun >= 200ms);
    CHECK(boot_now() - begun < kAmple / 2);
    CHECK(answer.timed_out);
    CHECK(answer.sent == Sent::no);
    CHECK((answer.phase == Phase::connect || answer.phase == Phase::tls));
    CHECK(answer.cause.find(" within 0.20 s ") != std::string::npos);
  }
}

TEST_CASE("client: those who wait for another's connection say so when their time is up") {
  ScriptedServer silent(hang);
  const auto client = Client::start({.connect = 300ms});
  std::vector<std::thread> callers;
  for (int i = 0; i < 10; ++i) {
    callers.emplace_back([&] {
      const Undelivered answer = undelivered(client->send(request("POST", "https://" + silent.place() + "/", "x")));
      CHECK(answer.timed_out);
      CHECK(answer.sent == Sent::no);
      CHECK((answer.phase == Phase::tls || answer.phase == Phase::connect));
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST_CASE("client: a reply may take longer than connecting may") {
  ScriptedServer server([](Peer& peer) {
    peer.read_request();
    std::this_thread::sleep_for(300ms);
    peer.write(http_reply(200, "x"));
  });
  const auto client = Client::start({.connect = 50ms});
  // Connecting to loopback is a matter of microseconds, but a busy machine may need a second try.
  for (int i = 0; i < 10; ++i) {
    const Answer answer = client->send(request("GET", http_url(server)));
    const auto* const late = std::get_if<Undelivered>(&answer);
    if (late != nullptr && late->sent == Sent::no) continue;
    CHECK(delivered(answer).body == "x");
    return;
  }
  FAIL("no connection");
}

TEST_CASE("client: requests that time out do not hold up others") {
  ScriptedServer silent(hang);
  ScriptedServer server(serve("x"));
  const auto client = start();
  std::vector<std::thread> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.emplace_back([&, i] {
      Request slow = request("POST", http_url(silent), "x");
      slow.deadline = boot_now() + 300ms + i * 10ms;
      CHECK(undelivered(client->send(slow)).timed_out);
    });
  }
  for (int i = 0; i < 200; ++i) CHECK(delivered(client->send(request("GET", http_url(server)))).body == "x");
  for (std::thread& thread : waiting) thread.join();
}
