// SPDX-License-Identifier: Apache-2.0
// Replies whose bodies are streamed, through a listener: what the caller sees of them, and when.
#include "daemon/http/body_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/daemon/http/tls_fixture.h"

namespace fleetsign::http {
namespace {

using std::chrono::milliseconds;

/// Asks the test for each piece; an empty one is the end, none a failure.
class ScriptedBody final : public BodySource {
 public:
  using Next = std::function<std::optional<std::string>()>;

  ScriptedBody(std::optional<std::uint64_t> size, Next next) : size_(size), next_(std::move(next)) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override {
    const auto piece = next_();
    if (!piece) return std::string("the source is cut");
    REQUIRE(piece->size() <= into.size());
    return piece->copy(into.data(), into.size());
  }

 private:
  std::optional<std::uint64_t> size_;
  Next next_;
};

/// These pieces, then the end or a failure.
enum class Then { end, failure };
ScriptedBody::Next giving(std::vector<std::string> pieces, Then then = Then::end) {
  return [pieces = std::move(pieces), then, at = std::size_t{0}]() mutable -> std::optional<std::string> {
    if (at < pieces.size()) return pieces[at++];
    return then == Then::end ? std::optional<std::string>("") : std::nullopt;
  };
}

Reply streamed(std::optional<std::uint64_t> size, ScriptedBody::Next next) {
  return {.headers = {{"X-Kind", "streamed"}}, .body_source = std::make_shared<ScriptedBody>(size, std::move(next))};
}

/// Waits at the gate before the second piece.
ScriptedBody::Next held(Gate& gate, const Request& request, ScriptedBody::Next next) {
  return [&gate, gone = request.caller_gone, next = std::move(next), pieces = 0]() mutable {
    if (++pieces == 2) gate.pass({.caller_gone = gone});
    return next();
  };
}

const tests::TlsIdentity& identity() {
  static const tests::TlsIdentity kMade(kLoopback);
  return kMade;
}

std::unique_ptr<Listener> listen_both(Handler handler, const Limits& limits = {}) {
  return listen({.endpoints = {{"http://127.0.0.1:0"}, tls_endpoint(identity())},
                 .limits = limits,
                 .handler = std::move(handler)});
}

std::vector<std::unique_ptr<Caller>> callers_of(const Listener& listener) {
  std::vector<std::unique_ptr<Caller>> both;
  both.push_back(std::make_unique<Caller>(listener.urls()[0]));
  both.push_back(std::make_unique<TlsCaller>(listener.urls()[1]));
  return both;
}

/// What is behind the head of a reply that ends the connection.
std::string body_until_end(Caller& caller) {
  const std::string all = caller.receive_rest();
  return all.substr(std::min(all.find("\r\n\r\n"), all.size() - 4) + 4);
}

const std::string kGet10 = "GET / HTTP/1.0\r\n\r\n";

TEST_CASE("body writer: a body goes out sized where its size is known, else in chunks, and the connection stays") {
  const std::string large(10'000, 'y');
  const auto listener = listen_both([&](const Request& request) {
    if (request.path == "/sized") return streamed(10'005, giving({"abc", large, "de"}));
    if (request.path == "/empty") return streamed(0, giving({}));
    return streamed({}, giving({"abc", large, "de"}));
  });
  for (const auto& caller : callers_of(*listener)) {
    caller->send(get("/sized") + get("/empty") + get("/sized"));
    CHECK(caller->receive()->body == "abc" + large + "de");
    const auto empty = caller->receive();
    CHECK(empty->body.empty());
    CHECK(*empty->headers.find("X-Kind") == "streamed");
    CHECK(caller->receive()->headers.find("Transfer-Encoding") == nullptr);
    caller->send(request("GET /", "Connection: close\r\n"));
    const auto head = caller->receive();
    CHECK(*head->headers.find("Transfer-Encoding") == "chunked");
    CHECK(head->headers.find("Content-Length") == nullptr);
    CHECK(caller->receive_rest() == "3\r\nabc\r\n2710\r\n" + large + "\r\n2\r\nde\r\n0\r\n\r\n");
  }
}

TEST_CASE("body writer: to HTTP/1.0 a body without a size goes until the end of the connection") {
  const auto listener = listen_both([](const Request& request) {
    return streamed(request.path == "/sized" ? std::optional<std::uint64_t>(5) : std::nullopt, giving({"abc", "de"}));
  });
  for (const auto& caller : callers_of(*listener)) {
    caller->send("GET /sized HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(caller->receive()->body == "abcde");
    caller->send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto head = caller->receive();
    CHECK(*head->headers.find("Connection") == "close");
    CHECK(head->headers.find("Transfer-Encoding") == nullptr);
    CHECK(caller->receive_rest() == "abcde");
  }
}

TEST_CASE("body writer: each piece goes out before the next one is there") {
  for (const std::size_t door : {std::size_t{0}, std::size_t{1}}) {
    Gate gate;
    const auto listener = listen_both([&](const Request& request) {
      return streamed({}, held(gate, request, giving({"first", "second"})));
    });
    const auto caller = std::move(callers_of(*listener)[door]);
    caller->send(request("GET /", "Connection: close\r\n"));
    REQUIRE(caller->receive().has_value());
    CHECK(caller->receive_bytes(10) == "5\r\nfirst\r\n");
    gate.open();
    CHECK(caller->receive_rest() == "6\r\nsecond\r\n0\r\n\r\n");
  }
}

TEST_CASE("body writer: a body that fails, or is not as long as told, never looks whole") {
  for (const auto& [path, reply] :
       {std::pair{"/failing", giving({"abc"}, Then::failure)}, std::pair{"/short", giving({"abc"})},
        std::pair{"/long", giving({"abc", "defgh"})}}) {
    const std::string shown_path = path;
    CAPTURE(shown_path);
    const auto listener = listen_both([next = reply](const Request&) { return streamed(5, next); });
    for (const auto& caller : callers_of(*listener)) {
      caller->send(get(path));
      CHECK(body_until_end(*caller) == "abc");
    }
  }
  const auto listener = listen_both([](const Request&) { return streamed({}, giving({"abc"}, Then::failure)); });
  for (const auto& caller : callers_of(*listener)) {
    caller->send(get("/"));
    CHECK(body_until_end(*caller) == "3\r\nabc\r\n");
  }
}

TEST_CASE("body writer: where only the end of the connection tells, a body that fails ends with a reset") {
  for (const std::size_t door : {std::size_t{0}, std::size_t{1}}) {
    Gate gate;
    const auto listener = listen_both(
        [&](const Request& request) { return streamed({}, held(gate, request, giving({"abc"}, Then::failure))); });
    const auto caller = std::move(callers_of(*listener)[door]);
    caller->send(kGet10);
    REQUIRE(caller->receive().has_value());
    gate.open();
    errno = 0;
    while (caller->receive().has_value()) {
    }
    CHECK(errno == ECONNRESET);
  }
}

/// The weak end of a source, for a test that watches it go.
struct Watched {
  std::weak_ptr<BodySource> source;
  std::promise<void> made;

  Reply watch(Reply reply) {
    source = reply.body_source;
    made.set_value();
    return reply;
  }
  bool goes() {
    made.get_future().wait();
    for (int i = 0; i < 3000; ++i) {
      if (source.expired()) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
};

TEST_CASE("body writer: a caller that goes, or does not read, has the source given up") {
  const std::string much(16'000, 'x');
  const auto endless = [&] { return std::optional(much); };
  for (const bool leaves : {true, false}) {
    CAPTURE(leaves);
    for (const std::size_t door : {std::size_t{0}, std::size_t{1}}) {
      Watched watched;
      const auto listener = listen_both([&](const Request&) { return watched.watch(streamed({}, endless)); },
                                        {.reply = milliseconds(leaves ? 60'000 : 200)});
      auto caller = std::move(callers_of(*listener)[door]);
      caller->send(get("/"));
      if (leaves) caller.reset();
      CHECK(watched.goes());
    }
  }
}

TEST_CASE("body writer: a caller that reads as fast as it must, piece by piece, gets all of a long body") {
  const std::string much(16'000, 'x');
  const auto listener =
      listen_both([&](const Request&) { return streamed(16'000 * 500, giving(std::vector<std::string>(500, much))); },
                  {.reply = milliseconds(2'000)});
  for (const auto& caller : callers_of(*listener)) {
    caller->send(get("/"));
    CHECK(caller->receive()->body.size() == 16'000 * 500);
  }
}

TEST_CASE("body writer: what the source takes its time for does not count as the caller's") {
  const auto listener = listen_both(
      [](const Request&) {
        auto next = giving({"abc"});
        return streamed(3, [next]() mutable {
          std::this_thread::sleep_for(milliseconds(400));
          return next();
        });
      },
      {.reply = milliseconds(200)});
  CHECK(Caller(listener->urls()[0]).ask(get("/")) == 200);
}

TEST_CASE("body writer: a shut-down lets a stream end within the grace, then cuts it") {
  for (const bool in_time : {true, false}) {
    Gate gate;
    const auto listener = listen_both([&](const Request& request) {
      return streamed({}, held(gate, request, giving({"abc", "de"})));
    });
    Caller caller(listener->urls()[0]);
    caller.send(get("/"));
    REQUIRE(caller.receive().has_value());
    gate.wait_for(1);
    auto down = std::async(std::launch::async, [&] { listener->shut_down(milliseconds(in_time ? 30'000 : 50)); });
    if (in_time) {
      CHECK(down.wait_for(milliseconds(50)) == std::future_status::timeout);
      gate.open();
    }
    CHECK(caller.receive_rest() == (in_time ? "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" : "3\r\nabc\r\n"));
    caller.end_output();
    down.get();
  }
}

}  // namespace
}  // namespace fleetsign::http
