// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/client.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>

#include "tests/daemon/upstream/client_fixture.h"
#include "tests/daemon/upstream/interposed.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::tests::http_reply;
using fleetsign::tests::occurrences;
using fleetsign::tests::Peer;
using fleetsign::tests::ScriptedServer;

namespace {

ScriptedServer::Script reply_with(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    if (peer.read_request().empty()) return;
    peer.write(bytes);
  };
}

}  // namespace

TEST_CASE("client: a request goes out as given, and nothing is made up") {
  ScriptedServer server(serve("pong"));
  const auto client = start();
  Request ping = request("POST", http_url(server, "/a/../b//c?x=%2F&y"), "body\r\n\r\n");
  ping.headers = {{"X-Two", "b;c: d"}, {"x-one", ""}, {"X-Two", "e"}, {"Content-Type", "a/b"}, {"Accept", "*"}};
  const Delivered pong = delivered(client->send(ping));
  CHECK(pong.status == 200);
  CHECK(pong.body == "pong");
  CHECK(server.received() ==
        "POST /a/../b//c?x=%2F&y HTTP/1.1\r\n"
        "Host: " +
            server.place() +
            "\r\n"
            "X-Two: b;c: d\r\nx-one:\r\nX-Two: e\r\nContent-Type: a/b\r\nAccept: *\r\n"
            "Content-Length: 8\r\n\r\n"
            "body\r\n\r\n");
}

TEST_CASE("client: its thread responds, but not while it is stuck, nor after the end") {
  ScriptedServer server(serve("pong"));
  std::atomic<bool> is_stuck = false;
  std::promise<void> stuck;
  std::promise<void> freed;
  // What the client asks its thread asks: the place to hold it.
  const auto client = start({.http2 = false, .user_agent = {}, .suspended = [&] {
                               if (is_stuck.exchange(false)) {
                                 stuck.set_value();
                                 freed.get_future().wait();
                               }
                               return fleetsign::protocol::Duration(0);
                             }});
  CHECK(client->responds_within(kAmple));
  is_stuck = true;
  auto answer = std::async(std::launch::async, [&] { return client->send(request("GET", http_url(server))); });
  stuck.get_future().wait();
  CHECK_FALSE(client->responds_within(20ms));
  freed.set_value();
  CHECK(delivered(answer.get()).body == "pong");
  CHECK(client->responds_within(kAmple));
  client->shut_down();
  CHECK_FALSE(client->responds_within(kAmple));
}

TEST_CASE("client: every method comes through, with a body and without") {
  struct Case {
    const char* method;
    const char* body;
    const char* rest;  ///< of the request, behind Host
  };
  for (const Case& one : {
           Case{"GET", "", "\r\n"},
           Case{"GET", "get", "Content-Length: 3\r\n\r\nget"},
           Case{"POST", "", "Content-Length: 0\r\n\r\n"},
           Case{"POST", "post", "Content-Length: 4\r\n\r\npost"},
           Case{"PUT", "", "Content-Length: 0\r\n\r\n"},
           Case{"PUT", "put", "Content-Length: 3\r\n\r\nput"},
           Case{"PATCH", "patch", "Content-Length: 5\r\n\r\npatch"},
           Case{"DELETE", "", "\r\n"},
           Case{"DELETE", "delete", "Content-Length: 6\r\n\r\ndelete"},
           Case{"OPTIONS", "", "\r\n"},
       }) {
    CAPTURE(one.method);
    CAPTURE(one.body);
    ScriptedServer server(serve("x"));
    const auto client = start();
    CHECK(delivered(client->send(request(one.method, http_url(server), one.body))).body == "x");
    CHECK(server.received() == std::string(one.method) + " / HTTP/1.1\r\nHost: " + server.place() + "\r\n" + one.rest);
  }
}

TEST_CASE("client: HEAD does not wait for a body that is only announced") {
  ScriptedServer server(reply_with("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
  const auto client = start();
  const Delivered head = delivered(client->send(request("HEAD", http_url(server))));
  CHECK(head.body.empty());
  CHECK(*head.headers.find("Content-Length") == "1000");
}

TEST_CASE("client: its own user agent goes out unless the request has one") {
  ScriptedServer server(serve(""));
  const auto client = start({.user_agent = "fleetsign/1"});
  delivered(client->send(request("GET", http_url(server))));
  CHECK(occurrences(server.received(), "User-Agent: fleetsign/1\r\n") == 1);
  Request own = request("GET", http_url(server));
  own.headers = {{"user-agent", "app/2"}};
  delivered(client->send(own));
  CHECK(occurrences(server.received(), "User-Agent: fleetsign/1\r\n") == 1);
  CHECK(occurrences(server.received(), "user-agent: app/2\r\n") == 1);
}

TEST_CASE("client: a large body arrives whole, without Expect") {
  ScriptedServer server(serve("ok"));
  const auto client = start();
  const std::string body(3 * 1000 * 1000, 'b');
  CHECK(delivered(client->send(request("POST", http_url(server), body))).body == "ok");
  const std::string received = server.received();
  CHECK(occurrences(received, "Expect") == 0);
  CHECK(received.ends_with("\r\n\r\n" + body));
}

TEST_CASE("client: the reply's fields are all there, in order, those of the connection too") {
  ScriptedServer server(
      reply_with("HTTP/1.1 207 Multi\r\nB: 1\r\na: 2\r\nB: 3\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  const auto client = start();
  const Delivered reply = delivered(client->send(request("GET", http_url(server))));
  CHECK(reply.status == 207);
  std::string fields;
  for (const auto& field : reply.headers) fields += field.name + "=" + field.value + ";";
  CHECK(fields == "B=1;a=2;B=3;Connection=close;Content-Length=0;");
}

TEST_CASE("client: interim responses, chunks and trailers leave the final reply only") {
  ScriptedServer server(
      reply_with("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"
                 "HTTP/1.1 103 Early Hints\r\nX-Interim: 2\r\n\r\n"
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Final: 3\r\n\r\n"
                 "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: 4\r\n\r\n"));
  const auto client = start();
  const Delivered reply = delivered(client->send(request("POST", http_url(server), "x")));
  CHECK(reply.body == "abcde");
  CHECK(reply.headers.size() == 2);
  CHECK(*reply.headers.find("X-Final") == "3");
}

TEST_CASE("client: an encoded body is left as it is") {
  const std::string gzip("\x1f\x8b\x08\0not really", 14);
  ScriptedServer server(reply_with("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 14\r\n\r\n" + gzip));
  const auto client = start();
  Request encoded = request("GET", http_url(server));
  encoded.headers = {{"Accept-Encoding", "gzip"}};
  const Delivered reply = delivered(client->send(encoded));
  CHECK(reply.body == gzip);
  CHECK(*reply.headers.find("Content-Encoding") == "gzip");
}

TEST_CASE("client: a redirect is a reply, not an order") {
  for (const char* location : {"http://127.0.0.1:1/", "/elsewhere", "https://example.com/", "::not a url::"}) {
    CAPTURE(location);
    ScriptedServer server(
        reply_with("HTTP/1.1 302 Found\r\nLocation: " + std::string(location) + "\r\nContent-Length: 2\r\n\r\nno"));
    const auto client = start();
    const Delivered reply = delivered(client->send(request("GET", http_url(server))));
    CHECK(reply.status == 302);
    CHECK(*reply.headers.find("Location") == location);
    CHECK(reply.body == "no");
    CHECK(server.accepted() == 1);
  }
}

TEST_CASE("client: a challenge for credentials is a reply") {
  ScriptedServer server(reply_with("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"));
  const auto client = start();
  CHECK(delivered(client->send(request("POST", http_url(server), "x"))).status == 401);
  CHECK(occurrences(server.received(), "POST ") == 1);
}

TEST_CASE("client: a body may be as long as allowed, and not a byte longer") {
  ScriptedServer server(serve(std::string(5000, 'x')));
  const auto client = start();
  Request fits = request("GET", http_url(server));
  fits.reply_bytes = 5000;
  CHECK(delivered(client->send(fits)).body.size() == 5000);

  Request exceeds = request("GET", http_url(server));
  exceeds.reply_bytes = 4999;
  const Undelivered answer = undelivered(client->send(exceeds));
  CHECK(answer.phase == Undelivered::Phase::too_large);
  CHECK(answer.sent == Undelivered::Sent::maybe);
  CHECK_FALSE(answer.timed_out);
  CHECK(answer.cause == "the body of the reply is too large from " + server.place());
}

TEST_CASE("client: a head without end is cut off") {
  ScriptedServer server([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000; ++i) peer.write("X: " + std::string(1000, 'x') + "\r\n");
    peer.wait_for_close();
  });
  const auto client = start();
  const Undelivered answer = undelivered(client->send(request("GET", http_url(server))));
  CHECK(answer.phase == Undelivered::Phase::too_large);
  CHECK(answer.cause == "the head of the reply is too large from " + server.place());
}

TEST_CASE("client: a reply that breaks off or is none makes no answer") {
  for (const char* bytes :
       {"", "HTTP/1.1 2", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "SSH-2.0-none\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    CAPTURE(bytes);
    ScriptedServer server(reply_with(bytes));
    const auto client = start();
    const Undelivered answer = undelivered(client->send(request("POST", http_url(server), "x")));
    CHECK(answer.sent == Undelivered::Sent::maybe);
    CHECK(answer.phase == Undelivered::Phase::receive);
    CHECK_FALSE(answer.timed_out);
    CHECK(answer.cause.starts_with("no complete reply from " + server.place() + ": "));
  }
}

TEST_CASE("client: nothing listening is known not to have been sent") {
  int port = 0;
  {
    ScriptedServer gone(serve(""));
    port = gone.port();
  }
  const auto client = start();
  const std::string place = "127.0.0.1:" + std::to_string(port);
  const Undelivered answer =
      undelivered(client->send(request("POST", "http://" + place + "/x?token=hidden", "hidden")));
  CHECK(answer.sent == Undelivered::Sent::no);
  CHECK(answer.phase == Undelivered::Phase::connect);
  CHECK_FALSE(answer.timed_out);
  CHECK(answer.cause.starts_with("no connection to " + place + ": "));
  CHECK(answer.cause.find("hidden") == std::string::npos);
}

TEST_CASE("client: what may not be asked is refused before any connection is made") {
  ScriptedServer server(serve(""));
  const auto client = start();
  const std::string path = "/x?hidden";
  Request injected = request("GET", http_url(server, path));
  injected.headers = {{"X", "hidden\r\nY: hidden"}};
  for (const Request& refused :
       {request("GET", "http://example.com" + path), request("GET", "ftp://" + server.place() + path),
        request("GET", "nonsense"), request("TRACE", http_url(server, path)),
        request("HEAD", http_url(server, path), "hidden"), injected}) {
    CAPTURE(refused.url);
    const Undelivered answer = undelivered(client->send(refused));
    CHECK(answer.sent == Undelivered::Sent::no);
    CHECK(answer.phase == Undelivered::Phase::refused);
    CHECK_FALSE(answer.timed_out);
    CHECK_FALSE(answer.cause.empty());
    CHECK(answer.cause.find("hidden") == std::string::npos);
  }
  CHECK(server.accepted() == 0);
}

TEST_CASE("client: a connection is used again, unless one of its requests failed") {
  ScriptedServer server(serve("x"));
  const auto client = start();
  for (int i = 0; i < 5; ++i) delivered(client->send(request(i % 2 == 0 ? "GET" : "POST", http_url(server))));
  CHECK(server.accepted() == 1);
  Request exceeds = request("GET", http_url(server));
  exceeds.reply_bytes = 0;
  undelivered(client->send(exceeds));
  delivered(client->send(request("GET", http_url(server))));
  CHECK(server.accepted() == 2);
}

TEST_CASE("client: a connection that was idle for 55 s is not used again, as the other side may be closing it") {
  ScriptedServer server(serve("x"));
  const auto client = start();
  delivered(client->send(request("GET", http_url(server))));
  {
    const LaterForLibcurl later(54s);
    delivered(client->send(request("GET", http_url(server))));
    CHECK(server.accepted() == 1);
  }
  const LaterForLibcurl later(2 * 54s + 4s);
  delivered(client->send(request("GET", http_url(server))));
  CHECK(server.accepted() == 2);
}

TEST_CASE("client: no connection from before a suspend is used again") {
  std::atomic<std::chrono::hours::rep> hours{0};
  ScriptedServer server(serve("x"));
  const auto client = start({.suspended = [&] { return std::chrono::hours(hours); }});
  for (int i = 0; i < 2; ++i) delivered(client->send(request("POST", http_url(server), "{}")));
  CHECK(server.accepted() == 1);
  hours = 8;
  delivered(client->send(request("POST", http_url(server), "{}")));
  CHECK(server.accepted() == 2);
}

TEST_CASE("client: localhost needs no resolver") {
  ScriptedServer server(serve("x"));
  const auto client = start();
  const std::string url = "http://localhost:" + std::to_string(server.port()) + "/";
  CHECK(delivered(client->send(request("GET", url))).body == "x");
}
