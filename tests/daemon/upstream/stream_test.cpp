// SPDX-License-Identifier: Apache-2.0
// A stream whose I/O thread does nothing, or what the tests have it do.
#include "daemon/upstream/stream.h"

#include <curl/curl.h>
#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <variant>

#include "daemon/ops/clock.h"

using namespace fleetsign::upstream;
using namespace std::chrono_literals;
using fleetsign::ops::boot_now;

namespace {

struct Fixture {
  explicit Fixture(std::optional<Upload> upload = std::nullopt, std::chrono::milliseconds patience = 25s) {
    const Request request{.method = "POST", .url = "http://127.0.0.1:1/", .deadline = boot_now() + patience};
    const Target target{.host = "127.0.0.1", .place = "127.0.0.1:1"};
    stream = std::make_shared<Stream>(request, target, upload, inbox);
  }
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  std::shared_ptr<Stream> stream;
};

constexpr const char* kHangs = "no answer from 127.0.0.1:1 within 0.20 s while the client was not responding";

}  // namespace

TEST_CASE("stream: a caller that the I/O thread leaves alone goes its own way, wherever it waits") {
  std::array<char, 10> piece{};
  const Fixture for_head(std::nullopt, 200ms);
  const auto head = for_head.stream->await_head();
  REQUIRE(std::holds_alternative<Undelivered>(head));
  CHECK(std::get<Undelivered>(head).timed_out);
  CHECK(std::get<Undelivered>(head).cause == kHangs);

  const Fixture for_body(std::nullopt, 200ms);
  const auto body = for_body.stream->read(piece);
  REQUIRE_FALSE(body);
  CHECK(body.error() == kHangs);

  const Fixture for_room(Upload{}, 200ms);
  const std::string full(Pipe::kBytes, 'x');
  for_room.stream->send_piece(full);
  CHECK(for_room.stream->wants_more());
  for_room.stream->send_piece("x");
  CHECK_FALSE(for_room.stream->wants_more());
  CHECK(for_room.stream->give(piece) == CURL_READFUNC_ABORT);
}

TEST_CASE("stream: the I/O thread is nudged when what it was paused for is there, and only then") {
  std::array<char, 10> piece{};
  const Fixture up(Upload{});
  up.stream->send_piece("ab");
  CHECK(up.inbox->take().nudged.empty());
  CHECK(up.stream->give(piece) == 2);
  CHECK(up.stream->give(piece) == CURL_READFUNC_PAUSE);
  CHECK(up.stream->paused() == CURLPAUSE_SEND);
  up.stream->send_piece("c");
  CHECK(up.stream->paused() == 0);
  CHECK(up.inbox->take().nudged.size() == 1);
  up.stream->end_upload();
  CHECK(up.inbox->take().nudged.empty());
  CHECK_FALSE(up.stream->uploaded());
  CHECK(up.stream->give(piece) == 1);
  CHECK(up.stream->give(piece) == 0);
  CHECK(up.stream->uploaded());

  const Fixture down;
  const std::string full(Pipe::kBytes, 'x');
  CHECK(down.stream->take_piece(full) == full.size());
  CHECK(down.stream->take_piece("y") == CURL_WRITEFUNC_PAUSE);
  CHECK(down.stream->paused() == CURLPAUSE_RECV);
  CHECK(down.stream->limit() == fleetsign::protocol::Instant::max());
  std::string half(Pipe::kBytes / 2, '\0');
  CHECK(*down.stream->read(std::span(half).first(half.size() - 1)) == half.size() - 1);
  CHECK(down.inbox->take().nudged.empty());
  CHECK(*down.stream->read(std::span(half).first(1)) == 1);
  CHECK(down.inbox->take().nudged.size() == 1);
  CHECK(down.stream->paused() == 0);
  CHECK(down.stream->limit() < fleetsign::protocol::Instant::max());
}

TEST_CASE("stream: what came before the end is read before the end, good or bad") {
  for (const bool good : {true, false}) {
    CAPTURE(good);
    const Fixture fixture;
    fixture.stream->take_head({.status = 200});
    CHECK(fixture.stream->take_piece("ab") == 2);
    fixture.stream->settle(good ? Answer(Delivered{}) : Answer(Undelivered{.cause = "cut"}));
    std::array<char, 10> piece{};
    CHECK(*fixture.stream->read(piece) == 2);
    const auto end = fixture.stream->read(piece);
    REQUIRE(end.ok() == good);
    if (good) CHECK(*end == 0);
    if (!good) CHECK(end.error() == "cut");
  }
}

TEST_CASE("stream: a body that fails after a refusal has come does not hide the refusal") {
  const Fixture fixture(Upload{});
  std::array<char, 10> piece{};
  CHECK(fixture.stream->give(piece) == CURL_READFUNC_PAUSE);
  fixture.stream->take_head({.status = 413});
  CHECK(fixture.stream->paused() == 0);
  CHECK(fixture.inbox->take().nudged.size() == 1);
  fixture.stream->fail_upload("gone");
  const auto head = fixture.stream->await_head();
  REQUIRE(std::holds_alternative<Delivered>(head));
  CHECK(std::get<Delivered>(head).status == 413);
}

TEST_CASE("stream: a body that fails after an early success is the answer") {
  const Fixture fixture(Upload{});
  fixture.stream->take_head({.status = 200});
  fixture.stream->fail_upload("gone");
  const auto head = fixture.stream->await_head();
  REQUIRE(std::holds_alternative<Undelivered>(head));
  CHECK(std::get<Undelivered>(head).cause == "gone");
  CHECK(fixture.inbox->take().nudged.size() == 1);
}
