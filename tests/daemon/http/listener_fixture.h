// SPDX-License-Identifier: Apache-2.0
// What tests of the listener share: a listener on loopback, simple handlers, and requests as text.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "daemon/http/listener.h"
#include "tests/daemon/http/caller.h"

namespace fleetsign::http {

inline std::unique_ptr<Listener> listen(ListenerOptions options) {
  if (options.endpoints.empty()) options.endpoints = {{"http://127.0.0.1:0"}};
  auto listener = Listener::open(std::move(options));
  if (!listener.ok()) FAIL(listener.error().message);
  return std::move(listener).value();
}

inline std::unique_ptr<Listener> listen(Handler handler, const Limits& limits = {}) {
  return listen({.limits = limits, .handler = std::move(handler)});
}

inline Reply text(std::string body) {
  return {.headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)};
}

/// Tells what it got: method, target and body.
inline Reply echo(const Request& request) {
  return text(request.method + " " + request.target + " " + request.body);
}

/// The same of a body that is streamed; of one that fails, what the listener has against it.
inline Reply echo_streamed(const Request& request) {
  if (!request.body_source) return echo(request);
  const auto body = read_all(*request.body_source);
  if (body) return text(request.method + " " + request.target + " streamed " + *body);
  const auto refusal = request.body_refusal();
  REQUIRE(refusal.has_value());
  CHECK(refusal->reason == body.error().cause);
  return {.status = refusal->status, .body = refusal->reason};
}

inline BodyLimit always_streamed(const Request& /*head*/) {
  return BodyLimit::streamed;
}

/// A request with a Host and these fields.
inline std::string request(const std::string& line, const std::string& fields = {}, const std::string& body = {}) {
  const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return line + " HTTP/1.1\r\nHost: localhost\r\n" + fields + length + "\r\n" + body;
}
inline std::string get(const std::string& target) {
  return request("GET " + target);
}

/// Lets handlers wait for the test, and the test for handlers. Declared before the listener, so that it lives longer.
class Gate {
 public:
  /// In a handler: waits for open(), or for the caller to go, so that a test that fails can still end.
  void pass(const Request& request) {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    while (!changed_.wait_for(lock, std::chrono::milliseconds(20), [this] { return open_; })) {
      if (request.caller_gone()) return;
    }
  }
  void wait_for(int arrivals) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return arrived_ >= arrivals; }));
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

}  // namespace fleetsign::http
