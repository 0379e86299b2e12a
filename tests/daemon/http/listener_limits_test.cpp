// SPDX-License-Identifier: Apache-2.0
// What a stranger can do to the listener, and that it does not keep others from being served.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/http/listener_fixture.h"

namespace fleetsign::http {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

/// Long enough for anything that is not meant to happen.
const Limits kNoHurry{.first_byte = milliseconds(60'000), .request = milliseconds(60'000)};

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 3000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

TEST_CASE("listener: what is malformed or too large is refused, closed, and serves nobody else worse") {
  struct Case {
    const char* what;
    std::string bytes;
    int status;
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::vector<Case> cases{
      {"no HTTP at all", "hello\r\n\r\n" + smuggled, 400},
      {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n" + smuggled, 400},
      {"a folded field", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n" + smuggled, 400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n" + smuggled, 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n" + smuggled, 400},
      {"length and coding", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {"two lengths", post + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + smuggled, 400},
      {"a list of lengths", post + "Content-Length: 4, 5\r\n\r\n" + smuggled, 400},
      {"a negative length", post + "Content-Length: -1\r\n\r\n" + smuggled, 400},
      {"an endless length", post + "Content-Length: 99999999999999999999\r\n\r\n" + smuggled, 413},
      {"a coding twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
      {"a coding that HTTP/1.0 has not", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
       400},
      {"a chunk's size that is none", post + "Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n" + smuggled,
       400},
      {"a chunk's size that overflows",
       post + "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\nhi\r\n0\r\n\r\n" + smuggled, 400},
      {"an unknown coding", post + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled, 400},
      {"broken chunks", post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhi\r\n0\r\n\r\n" + smuggled, 400},
      {"a long target", "GET /" + std::string(9000, 'a'), 414},
      {"large fields", post + "A: " + std::string(40'000, 'a'), 431},
      {"many fields",
       post +
           [] {
             std::string s;
             for (int i = 0; i < 101; ++i) s += "A: b\r\n";
             return s;
           }() +
           "\r\n",
       431},
      {"a large body", post + "Content-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'a'), 413},
      {"large chunks", post + "Transfer-Encoding: chunked\r\n\r\n1DCD65\r\n" + std::string(1'953'125, 'a') + "\r\n",
       413},
  };
  std::atomic<int> smuggled_requests = 0;
  const auto listener = listen(
      [&](const Request& request) {
        if (request.path == "/smuggled") ++smuggled_requests;
        return echo(request);
      },
      kNoHurry);
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Caller caller(listener->urls().front());
    CHECK(caller.ask(c.bytes) == c.status);
    CHECK(caller.receive_rest().empty());
    CHECK(Caller(listener->urls().front()).ask(get("/")) == 200);
  }
  CHECK(smuggled_requests == 0);
}

TEST_CASE("listener: the larger limit holds for the bodies that are chosen for it, however they come") {
  const auto listener = listen({.endpoints = {{"http://127.0.0.1:0"}, {"http://127.0.0.1:0"}},
                                .limits = {.body_bytes = 10, .streamed_body_bytes = 20},
                                .handler = echo_streamed,
                                .body_limit = [](const Request& head) {
                                  const bool is_large = head.path == "/large" && head.endpoint == 0;
                                  return is_large ? BodyLimit::streamed : BodyLimit::usual;
                                }});
  struct Case {
    std::size_t endpoint;
    std::string path;
    std::size_t most;
  };
  for (const Case& c : {Case{0, "/large", 20}, Case{0, "/usual", 10}, Case{1, "/large", 10}}) {
    CAPTURE(c.path);
    CAPTURE(c.endpoint);
    const auto status = [&](const std::string& bytes) { return Caller(listener->urls()[c.endpoint]).ask(bytes); };
    const std::string line = "POST " + c.path;
    CHECK(status(request(line, "", std::string(c.most, 'x'))) == 200);
    // Of what is too large, nothing is awaited.
    CHECK(status(request(line, "Content-Length: " + std::to_string(c.most + 1) + "\r\n")) == 413);
    const std::string chunked = request(line, "Transfer-Encoding: chunked\r\n") + "a\r\n0123456789\r\n";
    CHECK(status(chunked + (c.most == 20 ? "a\r\n0123456789\r\n" : "") + "0\r\n\r\n") == 200);
    CHECK(status(chunked + (c.most == 20 ? "b" : "1") + "\r\n") == 413);
  }
}

TEST_CASE("listener: a body that its method has no use for is no request, whatever stands in it") {
  const auto listener = listen(echo);
  Caller caller(listener->urls().front());
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  caller.send(request("GET /sized", "REMOTE_ADDR: 1.2.3.4\r\n", smuggled));
  caller.send(request("GET /chunked", "Transfer-Encoding: chunked\r\n") + "23\r\n" + smuggled + "\r\n0\r\n\r\n");
  caller.send(get("/next"));
  CHECK(caller.receive()->body == "GET /sized " + smuggled);
  CHECK(caller.receive()->body == "GET /chunked " + smuggled);
  CHECK(caller.receive()->body == "GET /next ");
  CHECK(Caller(listener->urls().front()).ask(get("/")) == 200);
}

TEST_CASE("listener: refusals are made by the function for them") {
  const auto listener =
      listen({.handler = echo, .refusal = [](int status, const std::string& reason) {
                return Reply{.headers = {{"Content-Type", "application/json"}},
                             .body = "{\"status\":" + std::to_string(status) + ",\"why\":\"" + reason + "\"}"};
              }});
  Caller caller(listener->urls().front());
  caller.send("GET / HTTP/1.1\r\n\r\n");
  const auto answer = caller.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 400);
  CHECK(answer->body == R"({"status":400,"why":"the Host field is missing"})");
  CHECK(*answer->headers.find("Connection") == "close");
}

TEST_CASE("listener: a request must arrive within its time, however it trickles") {
  const auto listener = listen(echo, {.request = milliseconds(200)});
  const std::string whole = request("POST /" + std::string(2000, 'a'), "", std::string(2000, 'b'));
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{2100}}) {  // stops in its head, or in its body
    CAPTURE(at_once);
    Caller caller(listener->urls().front());
    std::size_t at = 0;
    do {  // one more byte whenever nothing has come back
      caller.send(whole.substr(at, at == 0 ? at_once : 1));
      at += at == 0 ? at_once : 1;
    } while (!is_readable(caller, milliseconds(5)) && at < whole.size() - 1);
    const auto answer = caller.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 408);
    CHECK(at < whole.size() - 1);
    CHECK(caller.receive_rest().empty());
    CHECK(Caller(listener->urls().front()).ask(get("/")) == 200);
  }
}

TEST_CASE("listener: the time for a request begins with its first byte, not with the connection") {
  const auto listener = listen(echo, {.request = milliseconds(300)});
  Caller caller(listener->urls().front());
  CHECK_FALSE(is_readable(caller, milliseconds(400)));
  CHECK(caller.ask(get("/")) == 200);
  CHECK_FALSE(is_readable(caller, milliseconds(400)));
  CHECK(caller.ask(get("/")) == 200);
}

TEST_CASE("listener: an idle connection is closed after its time, without a word") {
  const auto listener = listen(echo, {.first_byte = milliseconds(200)});
  Caller silent(listener->urls().front());
  Caller served(listener->urls().front());
  CHECK(served.ask(get("/")) == 200);
  Caller empty_line(listener->urls().front());
  empty_line.send("\r\n");
  CHECK(silent.receive_rest().empty());
  CHECK(served.receive_rest().empty());
  CHECK(empty_line.receive_rest().empty());
  CHECK(Caller(listener->urls().front()).ask(get("/")) == 200);
}

Handler giving_much_or_little(const std::string& much) {
  return [much](const Request& request) { return text(request.path == "/much" ? much : "little"); };
}

TEST_CASE("listener: a caller that does not read its reply holds no thread") {
  const std::string much(32 * 1024 * 1024, 'x');
  const auto listener = listen(giving_much_or_little(much), {.workers = 1, .reply = milliseconds(60'000)});
  Caller slow(listener->urls().front());
  slow.send(get("/much"));
  REQUIRE(is_readable(slow, milliseconds(30'000)));
  CHECK(Caller(listener->urls().front()).ask(get("/")) == 200);
  CHECK(slow.receive()->body == much);
  CHECK(slow.ask(get("/")) == 200);
}

TEST_CASE("listener: a caller that does not read its reply is cut off after its time") {
  const std::string much(32 * 1024 * 1024, 'x');
  const auto listener = listen(giving_much_or_little(much), {.connections = 1, .reply = milliseconds(200)});
  Caller slow(listener->urls().front());
  slow.send(get("/much"));
  REQUIRE(is_readable(slow, milliseconds(30'000)));
  CHECK(eventually([&] { return Caller(listener->urls().front()).ask(get("/")) == 200; }));  // its place is free again
  CHECK(slow.receive_rest().size() < much.size());
}

TEST_CASE("listener: beyond the limit of connections a caller is told to come again") {
  const auto listener = listen(echo, {.connections = 2});
  const std::string url = listener->urls().front();
  Caller first(url);
  CHECK(first.ask(get("/")) == 200);
  {
    Caller second(url);
    CHECK(second.ask(get("/")) == 200);
    Caller third(url);
    const auto answer = third.receive();
    REQUIRE(answer.has_value());
    CHECK(answer->status == 503);
    CHECK(answer->headers.find("Retry-After") != nullptr);
    CHECK(third.receive_rest().empty());
    CHECK(listener->figures().connections == 2);
    CHECK(listener->figures().connections_admitted == 2);
    CHECK(listener->figures().connections_refused == 1);
  }
  CHECK(eventually([&] { return Caller(url).ask(get("/")) == 200; }));
  CHECK(first.ask(get("/")) == 200);
}

TEST_CASE("listener: one user of a Unix socket can take their share of connections and no more") {
  const crypto::test::TemporaryFolder folder;
  const std::string unix_url = "unix:" + (folder.path() / "api.sock").native();
  const auto listener = listen(
      {.endpoints = {{unix_url}, {"http://127.0.0.1:0"}}, .limits = {.connections_per_peer = 1}, .handler = echo});
  Caller first(unix_url);
  CHECK(first.ask(get("/")) == 200);
  CHECK(Caller(unix_url).receive()->status == 503);
  const std::string tcp_url = listener->urls()[1];
  Caller second(tcp_url);
  CHECK(second.ask(get("/")) == 200);
  CHECK(Caller(tcp_url).ask(get("/")) == 200);
}

TEST_CASE("listener: a connection ends after its number of requests, and says so before") {
  const auto listener = listen(echo, {.requests_per_connection = 2});
  Caller caller(listener->urls().front());
  caller.send(get("/1") + get("/2") + get("/3"));
  CHECK(caller.receive()->headers.find("Connection") == nullptr);
  CHECK(*caller.receive()->headers.find("Connection") == "close");
  CHECK(caller.receive_rest().empty());
  CHECK(Caller(listener->urls().front()).ask(get("/")) == 200);
}

TEST_CASE(
    "listener: when all workers are busy and the queue is full, callers are told to come again; express paths are "
    "not") {
  Gate gate;
  const auto listener = listen({.limits = {.workers = 2, .queue = 1},
                                .handler =
                                    [&](const Request& request) {
                                      if (request.path.starts_with("/slow")) gate.pass(request);
                                      return text(request.path);
                                    },
                                .express_paths = {"/health", "/ready"}});
  const std::string url = listener->urls().front();
  std::vector<Caller> busy;
  for (int i = 0; i < 2; ++i) {
    busy.emplace_back(url);
    busy.back().send(get("/slow"));
  }
  gate.wait_for(2);
  // One of these waits in the queue, whichever comes first; the other one finds it full.
  Caller one(url);
  Caller two(url);
  one.send(get("/slow1"));
  two.send(get("/slow2"));
  REQUIRE(eventually([&] { return is_readable(one, milliseconds(0)) || is_readable(two, milliseconds(0)); }));
  Caller& turned_away = is_readable(one, milliseconds(0)) ? one : two;
  Caller& queued = &turned_away == &one ? two : one;
  const auto answer = turned_away.receive();
  REQUIRE(answer.has_value());
  CHECK(answer->status == 503);
  CHECK(*answer->headers.find("Retry-After") == "1");
  CHECK(listener->figures().workers_busy == 2);
  CHECK(listener->figures().requests_queued == 1);
  CHECK(listener->figures().requests_refused == 1);

  for (const std::string line : {"GET /health", "GET /ready?verbose", "HEAD /health"}) {
    CAPTURE(line);
    Caller express(url);
    for (int i = 0; i < 3; ++i) {
      express.send(request(line));
      const auto reply = express.receive(line.starts_with("HEAD") ? Caller::Content::none : Caller::Content::as_told);
      REQUIRE(reply.has_value());
      CHECK(reply->status == 200);
    }
  }
  for (const std::string line : {"POST /health", "GET /healthy", "GET /health/x", "GET /"}) {
    CAPTURE(line);
    CHECK(Caller(url).ask(request(line)) == 503);
  }
  Caller mixed(url);  // what follows an express request on its connection is not express for that
  mixed.send(get("/health") + get("/slow3"));
  CHECK(mixed.receive()->status == 200);
  CHECK(mixed.receive()->status == 503);

  gate.open();
  for (Caller& caller : busy) CHECK(caller.receive()->status == 200);
  CHECK(queued.receive()->status == 200);
  CHECK(eventually([&] { return Caller(url).ask(get("/")) == 200; }));
}

TEST_CASE("listener: idle connections and unfinished requests cost no thread") {
  const auto threads = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto listener = listen(echo, kNoHurry);
  const auto before = threads();
  std::vector<Caller> callers;
  for (int i = 0; i < 200; ++i) {
    callers.emplace_back(listener->urls().front());
    CHECK(callers.back().ask(get("/")) == 200);
    if (i % 2 == 0) callers.back().send("GET / HT");
  }
  CHECK(threads() - before < 20);
  for (std::size_t i = 0; i < callers.size(); ++i) {
    CHECK(callers[i].ask(i % 2 == 0 ? "TP/1.1\r\nHost: h\r\n\r\n" : get("/")) == 200);
  }
}

milliseconds cpu_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return milliseconds((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                      (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000);
}

TEST_CASE("listener: without descriptors it waits for one, and does not spin") {
  rlimit usual{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const auto listener = listen(echo);
  CHECK(Caller(listener->urls().front()).ask(get("/")) == 200);
  Descriptor next(::dup(0));
  rlimit tight = usual;
  tight.rlim_cur = static_cast<rlim_t>(next.get()) + 1;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  next = Descriptor();
  Caller caller(listener->urls().front());  // takes the last one
  caller.send(get("/"));
  const auto before = cpu_time();
  const bool answered = is_readable(caller, milliseconds(400));
  const auto used = cpu_time() - before;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK_FALSE(answered);
  CHECK(used < milliseconds(200));
  CHECK(caller.receive()->status == 200);
}

}  // namespace
}  // namespace fleetsign::http
