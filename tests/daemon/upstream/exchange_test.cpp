// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/exchange.h"

#include <doctest/doctest.h>

#include <thread>
#include <variant>

#include "daemon/ops/clock.h"

using namespace std::chrono_literals;
using fleetsign::ops::boot_now;
using fleetsign::protocol::Instant;
using fleetsign::upstream::Delivered;
using fleetsign::upstream::Exchange;
using fleetsign::upstream::Request;
using fleetsign::upstream::Target;
using fleetsign::upstream::Undelivered;

namespace {

const Target kTarget{.host = "127.0.0.1", .place = "127.0.0.1:1"};

Request until(Instant deadline) {
  return Request{.method = "GET", .url = "http://127.0.0.1:1/", .deadline = deadline};
}

}  // namespace

TEST_CASE("exchange: the first answer reaches the caller, whatever comes after it") {
  Exchange exchange(until(Instant::max()), kTarget);
  std::thread answering([&] {
    exchange.settle(Delivered{.status = 200});
    exchange.settle(Undelivered{});
  });
  const auto answer = exchange.wait();
  answering.join();
  CHECK(exchange.settled());
  REQUIRE(std::holds_alternative<Delivered>(answer));
  CHECK(std::get<Delivered>(answer).status == 200);
}

TEST_CASE("exchange: what has an answer or is past its deadline is not handed over any more") {
  Exchange answered(until(Instant::max()), kTarget);
  answered.settle(Delivered{});
  CHECK_FALSE(answered.hand_over());
  CHECK(answered.sent() == Undelivered::Sent::no);

  Exchange late(until(boot_now()), kTarget);
  CHECK_FALSE(late.hand_over());
  CHECK(late.sent() == Undelivered::Sent::no);
}

TEST_CASE("exchange: a caller that nobody answers goes its own way soon after the deadline, and tells what it knows") {
  for (const bool handed_over : {false, true}) {
    CAPTURE(handed_over);
    const Instant deadline = boot_now() + 200ms;
    Exchange exchange(until(deadline), kTarget);
    if (handed_over) REQUIRE(exchange.hand_over());
    const auto answer = exchange.wait();
    CHECK(boot_now() >= deadline);
    REQUIRE(std::holds_alternative<Undelivered>(answer));
    const auto& undelivered = std::get<Undelivered>(answer);
    CHECK(undelivered.timed_out);
    CHECK(undelivered.sent == (handed_over ? Undelivered::Sent::maybe : Undelivered::Sent::no));
    CHECK(undelivered.cause == "no answer from 127.0.0.1:1 within 0.20 s while the client was not responding");
    CHECK_FALSE(exchange.hand_over());
  }
}
