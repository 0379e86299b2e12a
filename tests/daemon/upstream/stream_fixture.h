// SPDX-License-Identifier: Apache-2.0
// What tests of Client::open() need besides: bodies that come piece by piece, and servers that take chunks.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "daemon/http/body_source.h"
#include "tests/daemon/upstream/client_fixture.h"

namespace fleetsign::upstream {

/// Bytes that show what is missing or out of place.
inline std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return bytes;
}

/// A body that comes in pieces of at most `piece` bytes.
class Pieces : public http::BodySource {
 public:
  struct Script {
    std::string body = {};
    std::size_t piece = 10'000;
    std::optional<std::uint64_t> size = {};      ///< what size() says
    std::chrono::milliseconds pause{0};          ///< before each piece
    std::optional<std::size_t> fails_at = {};    ///< fails when so many bytes have been taken
    std::function<void(std::size_t)> each = {};  ///< called before each read with how many bytes have been taken
  };
  explicit Pieces(Script script) : script_(std::move(script)) {}

  [[nodiscard]] std::optional<std::uint64_t> size() const override { return script_.size; }
  crypto::Result<std::size_t, std::string> read(std::span<char> into) override {
    if (script_.each) script_.each(taken_);
    std::this_thread::sleep_for(script_.pause);
    std::size_t count = std::min(script_.piece, into.size());
    if (script_.fails_at) {
      if (taken_ >= *script_.fails_at) return std::string("the caller has gone");
      count = std::min(count, *script_.fails_at - taken_);
    }
    count = script_.body.copy(into.data(), count, taken_);
    taken_ += count;
    return count;
  }
  /// So far. For any thread.
  [[nodiscard]] std::size_t taken() const { return taken_; }

 private:
  const Script script_;
  std::atomic<std::size_t> taken_{0};
};

inline std::shared_ptr<Pieces> sized(std::string body) {
  const std::size_t size = body.size();
  return std::make_shared<Pieces>(Pieces::Script{.body = std::move(body), .size = size});
}

inline std::shared_ptr<Pieces> unsized(std::string body) {
  return std::make_shared<Pieces>(Pieces::Script{.body = std::move(body)});
}

inline Request streaming(std::string method, std::string url, std::shared_ptr<http::BodySource> source) {
  Request with_source = request(std::move(method), std::move(url));
  with_source.body_source = std::move(source);
  return with_source;
}

/// The reply of an opening that must be one.
inline Incoming incoming(Opening opening) {
  if (const auto* const failure = std::get_if<Undelivered>(&opening)) FAIL(failure->cause);
  return std::get<Incoming>(std::move(opening));
}

/// The failure of an opening that must be one.
inline Undelivered undelivered(Opening opening) {
  if (const auto* const reply = std::get_if<Incoming>(&opening)) FAIL("a reply with status ", reply->status);
  return std::get<Undelivered>(std::move(opening));
}

/// The whole body of a reply that must come to its end.
inline std::string body_of(const Incoming& reply) {
  auto body = http::read_all(*reply.body);
  if (!body) FAIL(body.error().cause);
  return *std::move(body);
}

/// Why the body of a reply breaks off, which it must, behind `before`.
inline std::string failure_of(const Incoming& reply, std::string_view before) {
  std::string got;
  for (;;) {
    std::array<char, 1000> piece{};
    const auto count = reply.body->read(piece);
    if (!count) {
      CHECK(got == before);
      const auto again = reply.body->read(piece);
      CHECK((!again && again.error() == count.error()));
      return count.error();
    }
    if (*count == 0) FAIL("a complete body");
    got.append(piece.data(), *count);
  }
}

/// The head of the next request.
inline std::string read_head(tests::Peer& peer) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string next = peer.read(1);
    if (next.empty()) break;
    head += next;
  }
  return head;
}

/// The body of a request in chunks; nothing when its end does not come.
inline std::optional<std::string> read_chunks(tests::Peer& peer) {
  std::string body;
  for (;;) {
    std::string line;
    while (!line.ends_with("\r\n")) {
      const std::string next = peer.read(1);
      if (next.empty()) return std::nullopt;
      line += next;
    }
    const std::size_t size = std::stoul(line, nullptr, 16);
    const std::string piece = peer.read(size + 2);
    if (piece.size() < size + 2) return std::nullopt;
    if (size == 0) return body;
    body.append(piece, 0, size);
  }
}

/// The body of a request with this head; nothing when its end does not come.
inline std::optional<std::string> read_body(tests::Peer& peer, const std::string& head) {
  if (!head.ends_with("\r\n\r\n")) return std::nullopt;  // the connection ended before it was there
  if (head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos) return read_chunks(peer);
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const std::size_t at = head.find(kLength);
  if (at == std::string::npos) return "";
  const std::size_t size = std::stoul(head.substr(at + kLength.size()));
  std::string body = peer.read(size);
  if (body.size() < size) return std::nullopt;
  return body;
}

/// Waits until something has happened, which it does soon.
template <class Happened>
void wait_until(Happened happened) {
  for (const auto end = ops::boot_now() + kAmple; !happened();) {
    REQUIRE(ops::boot_now() < end);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// Takes a request in and keeps whether all of it came, and when its connection had ended.
struct Watched {
  std::atomic<bool> complete{false};
  std::atomic<bool> ended{false};
  tests::ScriptedServer server{[this](tests::Peer& peer) {
    complete = read_body(peer, read_head(peer)).has_value();
    peer.wait_for_close();
    ended = true;
  }};
};

}  // namespace fleetsign::upstream
