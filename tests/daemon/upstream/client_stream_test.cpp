// SPDX-License-Identifier: Apache-2.0
// Bodies that flow while they are sent and received, whole ones. What breaks off is in client_stream_cut_test.cpp.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "daemon/upstream/pipe.h"
#include "tests/daemon/upstream/http2_peer.h"
#include "tests/daemon/upstream/stream_fixture.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::tests::http_reply;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;
using fleetsign::tests::TlsIdentity;

namespace {

const std::size_t kSizes[] = {0, 1, 512, 1'000'000, 50'000'000};

/// Answers each request with its own body.
void echo(Peer& peer) {
  for (std::string head = read_head(peer); !head.empty(); head = read_head(peer)) {
    const auto body = read_body(peer, head);
    if (!body || !peer.write(http_reply(200, *body))) return;
  }
}

std::string in_chunks(const std::string& body) {
  constexpr std::size_t kChunk = 30'000;
  std::string chunks;
  for (std::size_t at = 0; at < body.size(); at += kChunk) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", std::min(kChunk, body.size() - at));
    chunks += size + body.substr(at, kChunk) + "\r\n";
  }
  return chunks + "0\r\n\r\n";
}

}  // namespace

TEST_CASE("stream: bodies of all sizes go up with their length, or in chunks where it is not known") {
  ScriptedServer server(echo);
  const auto client = start();
  for (const std::size_t size : kSizes) {
    for (const bool known : {true, false}) {
      CAPTURE(size);
      CAPTURE(known);
      const std::string body = pattern(size);
      const auto source = known ? sized(body) : unsized(body);
      const Incoming reply = incoming(client->open(streaming("POST", http_url(server), source)));
      CHECK(reply.status == 200);
      CHECK(reply.body->size() == size);
      CHECK((body_of(reply) == body));
    }
  }
  CHECK(server.accepted() == 1);
}

TEST_CASE("stream: bodies of all sizes come down by their length, in chunks, and until the connection ends") {
  for (const std::size_t size : kSizes) {
    CAPTURE(size);
    const std::string body = pattern(size);
    ScriptedServer server([&](Peer& peer) {
      while (true) {
        const std::string head = read_head(peer);
        if (head.starts_with("GET /sized ")) {
          peer.write(http_reply(200, body));
        } else if (head.starts_with("GET /chunks ")) {
          peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + in_chunks(body));
        } else {
          if (!head.empty()) peer.write("HTTP/1.1 200 OK\r\n\r\n" + body);
          return;
        }
      }
    });
    const auto client = start();
    for (const char* path : {"/sized", "/chunks", "/until-closed"}) {
      CAPTURE(path);
      const Incoming reply = incoming(client->open(request("GET", http_url(server, path))));
      CHECK((reply.body->size().has_value() == (path == std::string_view("/sized"))));
      CHECK((body_of(reply) == body));
    }
    CHECK(server.accepted() == 1);
  }
}

TEST_CASE("stream: a body goes with every method that may have one, without a field made up for it") {
  ScriptedServer server(echo);
  const auto client = start();
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"}) {
    for (const bool known : {true, false}) {
      CAPTURE(method);
      CAPTURE(known);
      const auto source = known ? sized("honk") : unsized("honk");
      CHECK(body_of(incoming(client->open(streaming(method, http_url(server, "/m"), source)))) == "honk");
    }
  }
  std::string expected;
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"}) {
    const std::string head = std::string(method) + " /m HTTP/1.1\r\nHost: " + server.place() + "\r\n";
    expected += head + "Content-Length: 4\r\n\r\nhonk";
    expected += head + "Transfer-Encoding: chunked\r\n\r\n4\r\nhonk\r\n0\r\n\r\n";
  }
  CHECK(server.received() == expected);
}

TEST_CASE("stream: an empty body has a length only where the method has one to tell") {
  ScriptedServer server(echo);
  const auto client = start();
  for (const char* method : {"POST", "GET", "DELETE", "HEAD"}) {
    CHECK(body_of(incoming(client->open(streaming(method, http_url(server), sized(""))))).empty());
  }
  CHECK(fleetsign::tests::occurrences(server.received(), "Content-Length: 0\r\n") == 1);
  CHECK(undelivered(client->open(streaming("HEAD", http_url(server), sized("x")))).sent == Undelivered::Sent::no);
  CHECK(undelivered(client->open(streaming("HEAD", http_url(server), unsized("x")))).sent == Undelivered::Sent::no);
}

TEST_CASE("stream: a body that is whole already goes up as with send()") {
  ScriptedServer server(echo);
  const auto client = start();
  const std::string body = pattern(1'000'000);
  CHECK((body_of(incoming(client->open(request("POST", http_url(server), body)))) == body));
}

TEST_CASE("stream: replies that have no body say how long it is not") {
  ScriptedServer server([](Peer& peer) {
    read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    read_head(peer);
    peer.write("HTTP/1.1 204 None\r\n\r\n");
    read_head(peer);
    peer.write("HTTP/1.1 304 Same\r\nContent-Length: 1000\r\n\r\n");
    peer.wait_for_close();
  });
  const auto client = start();
  for (const char* method : {"HEAD", "GET", "GET"}) {
    const Incoming reply = incoming(client->open(request(method, http_url(server))));
    CHECK(reply.body->size() == 0);
    CHECK(body_of(reply).empty());
  }
  CHECK(server.accepted() == 1);
}

TEST_CASE("stream: the head is there before the body, without interim responses, and trailers are no part of it") {
  std::atomic<bool> head_seen{false};
  ScriptedServer server([&](Peer& peer) {
    read_head(peer);
    peer.write("HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\nHTTP/1.1 404 No\r\nX-A: 1\r\nX-A: 2\r\n");
    peer.write("Transfer-Encoding: chunked\r\n\r\n");
    for (const auto end = boot_now() + kAmple; !head_seen && boot_now() < end;) std::this_thread::yield();
    peer.write("1\r\nx\r\n0\r\nX-Trailer: 3\r\n\r\n");
    peer.wait_for_close();
  });
  const auto client = start();
  const Incoming reply = incoming(client->open(request("GET", http_url(server))));
  CHECK(reply.status == 404);
  CHECK(reply.headers.size() == 3);
  CHECK(reply.headers.count("X-A") == 2);
  head_seen = true;
  CHECK(body_of(reply) == "x");
}

TEST_CASE("stream: bytes go either way as they come") {
  ScriptedServer server([](Peer& peer) {
    read_head(peer);
    // Each piece is answered only when it is there; the next one is not sent before that.
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const auto body = read_chunks(peer);
    for (const char byte : *body) {
      peer.write(std::string("1\r\n") + byte + "\r\n");
      std::this_thread::sleep_for(2ms);
    }
    peer.write("0\r\n\r\n");
    peer.wait_for_close();
  });
  const auto source = std::make_shared<Pieces>(Pieces::Script{.body = pattern(50), .piece = 1, .pause = 2ms});
  const auto client = start();
  const Incoming reply = incoming(client->open(streaming("POST", http_url(server), source)));
  std::size_t pieces = 0;
  std::string body;
  for (std::array<char, 100> piece{};; ++pieces) {
    const auto count = reply.body->read(piece);
    REQUIRE(count);
    if (*count == 0) break;
    body.append(piece.data(), *count);
  }
  CHECK(body == pattern(50));
  CHECK(pieces > 10);
}

TEST_CASE("stream: a refusal that comes early ends the reading of the body, and is passed on") {
  for (const bool known : {true, false}) {
    CAPTURE(known);
    ScriptedServer server([](Peer& peer) {
      read_head(peer);
      peer.write(http_reply(413, "too much"));
      peer.stall();
    });
    const std::size_t size = 20'000'000;
    const auto source = known ? sized(pattern(size)) : unsized(pattern(size));
    const auto client = start();
    const Incoming reply = incoming(client->open(streaming("POST", http_url(server), source)));
    CHECK(reply.status == 413);
    CHECK(body_of(reply) == "too much");
    CHECK(source->taken() < size);
  }
}

TEST_CASE("stream: a refusal that closes the connection is complete, though the body of the request had more") {
  for (const bool known : {true, false}) {
    CAPTURE(known);
    std::atomic<bool> refused{false};
    std::atomic<bool> opened{false};
    ScriptedServer server([&](Peer& peer) {
      read_head(peer);
      peer.read(1);
      peer.write("HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 8\r\n\r\n");
      refused = true;
      for (const auto end = boot_now() + kAmple; !opened && boot_now() < end;) std::this_thread::yield();
      peer.write("too much");
      peer.wait_for_close();
    });
    Pieces::Script script{.body = "abc", .piece = 1, .each = [&](std::size_t taken) {
                            if (taken < 1) return;
                            for (const auto end = boot_now() + kAmple; !refused && boot_now() < end;)
                              std::this_thread::yield();
                            std::this_thread::sleep_for(20ms);
                          }};
    if (known) script.size = 3;
    const auto client = start();
    const Incoming reply =
        incoming(client->open(streaming("POST", http_url(server), std::make_shared<Pieces>(std::move(script)))));
    opened = true;
    CHECK(reply.status == 413);
    CHECK(body_of(reply) == "too much");
  }
}

TEST_CASE("stream: a refusal that comes while the body of the request has nothing for it is complete") {
  std::atomic<bool> refused{false};
  ScriptedServer server([&](Peer& peer) {
    read_head(peer);
    peer.read(1);
    peer.write(http_reply(400, "no"));
    refused = true;
    peer.wait_for_close();
  });
  const auto source = std::make_shared<Pieces>(
      Pieces::Script{.body = "abc", .piece = 1, .size = 3, .each = [&](std::size_t taken) {
                       if (taken < 1) return;
                       for (const auto end = boot_now() + kAmple; !refused && boot_now() < end;)
                         std::this_thread::yield();
                       std::this_thread::sleep_for(20ms);
                     }});
  const auto client = start();
  const Incoming reply = incoming(client->open(streaming("POST", http_url(server), source)));
  CHECK(reply.status == 400);
  CHECK(body_of(reply) == "no");
  CHECK(source->taken() <= 2);
}

TEST_CASE("stream: an early success does not end the body of the request") {
  std::atomic<bool> complete{false};
  const std::string body = pattern(3'000'000);
  ScriptedServer server([&](Peer& peer) {
    const std::string head = read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    const auto got = read_body(peer, head);
    complete = got && *got == body;
    peer.write("done");
    peer.wait_for_close();
  });
  for (const bool known : {true, false}) {
    CAPTURE(known);
    complete = false;
    const auto client = start();
    const Incoming reply =
        incoming(client->open(streaming("POST", http_url(server), known ? sized(body) : unsized(body))));
    CHECK(body_of(reply) == "done");
    CHECK(complete);
  }
}

TEST_CASE("stream: a reply that nobody reads holds up its server, and the client no other") {
  std::atomic<std::size_t> written{0};
  ScriptedServer server([&](Peer& peer) {
    read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(100'000, 'x');
    for (int i = 0; i < 1000 && peer.write(piece); ++i) written += piece.size();
  });
  ScriptedServer other(serve("y"));
  const auto client = start();
  const Incoming reply = incoming(client->open(request("GET", http_url(server))));
  // It goes on until all that is between them is full.
  std::size_t before = 0;
  do {
    before = written;
    for (int i = 0; i < 50; ++i) CHECK(delivered(client->send(request("POST", http_url(other), "z"))).body == "y");
    std::this_thread::sleep_for(100ms);
  } while (written != before);
  CHECK(written < 50'000'000);  // most of it in the kernel
  std::size_t total = 0;
  std::vector<char> piece(1'000'000);
  std::size_t most = 0;
  for (;;) {
    const auto count = reply.body->read(piece);
    REQUIRE(count);
    if (*count == 0) break;
    most = std::max(most, *count);
    total += *count;
  }
  CHECK(total == 100'000'000);
  CHECK(most <= Pipe::kBytes);
}

TEST_CASE("stream: a server that does not read holds up the source, which is not read ahead") {
  std::atomic<bool> go_on{false};
  const std::string body = pattern(50'000'000);
  ScriptedServer server([&](Peer& peer) {
    const std::string head = read_head(peer);
    for (const auto end = boot_now() + kAmple; !go_on && boot_now() < end;) std::this_thread::sleep_for(1ms);
    const auto got = read_body(peer, head);
    peer.write(http_reply(200, got && *got == body ? "same" : "other"));
    peer.wait_for_close();
  });
  const auto source = sized(body);
  const auto client = start();
  std::thread watching([&] {
    std::size_t before = 0;
    do {
      before = source->taken();
      std::this_thread::sleep_for(200ms);
    } while (source->taken() != before || before == 0);
    CHECK(before < 25'000'000);  // most of it in the kernel
    go_on = true;
  });
  CHECK(body_of(incoming(client->open(streaming("POST", http_url(server), source)))) == "same");
  watching.join();
}

TEST_CASE("stream: many at once each get their own body back, while others are sent in between") {
  constexpr int kStreams = 30;
  ScriptedServer server(echo);
  const auto client = start();
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kStreams; ++i) {
    callers.emplace_back([&, i] {
      const std::string body = pattern(static_cast<std::size_t>(100'000 * (i + 1)));
      auto opening = client->open(streaming("POST", http_url(server), i % 2 == 0 ? sized(body) : unsized(body)));
      const auto* const reply = std::get_if<Incoming>(&opening);
      if (reply == nullptr) return;
      const auto got = fleetsign::http::read_all(*reply->body);
      if (got && *got == body) ++right;
    });
    callers.emplace_back([&] {
      for (int j = 0; j < 20; ++j) CHECK(delivered(client->send(request("POST", http_url(server), "z"))).body == "z");
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(right == kStreams);
}

TEST_CASE("stream: what is streamed goes over HTTP/1.1, also beside HTTP/2") {
  const TlsIdentity identity({"IP:127.0.0.1"});
  const ScriptedServer::Script http2 = [](Peer& peer) {
    Http2Peer speaking(peer);
    while (const auto stream = speaking.next_request()) speaking.reply(*stream, "two");
  };
  ScriptedServer server([&](Peer& peer) { peer.number() == 0 ? http2(peer) : echo(peer); },
                        {.tls = &identity, .alpn = "h2"});
  const auto client = start({.ca_file = identity.certificate()});
  const std::string url = "https://" + server.place() + "/";
  for (int i = 0; i < 3; ++i) {
    CHECK(delivered(client->send(request("POST", url, "x"))).body == "two");
    CHECK(body_of(incoming(client->open(streaming("POST", url, unsized("one"))))) == "one");
    CHECK(body_of(incoming(client->open(request("PUT", url, "one")))) == "one");
  }
  CHECK(server.accepted() == 2);
}
