// SPDX-License-Identifier: Apache-2.0
// When a command expires, and what the session believes of the vehicle's clock.
#include <doctest/doctest.h>

#include "protocol/session.h"
#include "tests/protocol/session_bench.h"

namespace fleetsign::protocol {
namespace {

using namespace std::chrono_literals;
using test::SessionBench;

/// A bench whose vehicle says 1000 at the instant of the handshake.
SessionBench at_1000() {
  SessionBench bench;
  REQUIRE(bench.handshake() == Adoption::adopted);
  return bench;
}

std::uint32_t expiry(SessionBench& bench, Duration wait) {
  return bench.stamp(wait).expires_at.seconds;
}

TEST_CASE("session: a command expires a whole second before its deadline, rounded down") {
  auto bench = at_1000();
  CHECK(expiry(bench, 10s) == 1009);
  CHECK(expiry(bench, 10s + 999ms) == 1009);
  CHECK(expiry(bench, 11s) == 1010);
  bench.pass(2s + 500ms);
  CHECK(expiry(bench, 10s) == 1011);
  CHECK(expiry(bench, 10s + 500ms) == 1012);
}

TEST_CASE("session: a command lives for at most 30 seconds, however late its deadline") {
  auto bench = at_1000();
  CHECK(expiry(bench, 31s) == 1030);
  CHECK(expiry(bench, 32s) == 1030);
  CHECK(expiry(bench, 1h) == 1030);
  bench.pass(900ms);
  CHECK(expiry(bench, 1h) == 1030);
}

TEST_CASE("session: with less than a second left, nothing is stamped and no counter used") {
  auto bench = at_1000();
  for (const Duration left : std::initializer_list<Duration>{1s - 1ns, 0s, -5s}) {
    CHECK(bench.refusal(left) == StampRefusal::too_late);
  }
  CHECK(bench.stamp(1s).counter == 1);
}

TEST_CASE("session: no command expires at zero, which may mean never") {
  SessionBench bench;
  bench.vehicle.reboot();
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.refusal(1s) == StampRefusal::too_late);
  CHECK(expiry(bench, 2s) == 1);
}

TEST_CASE("session: an expiry of 2^30 is the last one") {
  SessionBench bench;
  bench.vehicle.set_time(std::chrono::seconds((1 << 30) - 9));
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(expiry(bench, 10s) == 1U << 30);
  CHECK(bench.refusal(11s) == StampRefusal::out_of_range);
  CHECK(bench.stamp(10s).counter == 2);

  bench.vehicle.set_time(std::chrono::seconds(0xFFFFFFFF));
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.refusal(10s) == StampRefusal::out_of_range);
}

TEST_CASE("session: the vehicle's clock counts from the receipt of what it told, a lower bound") {
  SessionBench bench;
  const auto question = bench.question();
  const auto claim = bench.tell(question);  // 1000
  bench.pass(4s);
  auto received = question;
  received.received_at = bench.now;
  REQUIRE(bench.session.adopt_handshake(claim, received) == Adoption::adopted);
  CHECK(expiry(bench, 10s) == 1009);
}

TEST_CASE("session: of two bounds in one epoch the larger is kept, to the fraction of a second") {
  auto bench = at_1000();
  bench.pass(900ms);
  REQUIRE(bench.handshake() == Adoption::adopted);  // says 1000 again
  bench.pass(100ms);
  CHECK(expiry(bench, 10s) == 1010);

  // An info that was slow on its way does not loosen what is known.
  const auto question = bench.question();
  const auto claim = bench.tell(question);
  bench.pass(5s);
  auto received = question;
  received.received_at = bench.now;
  REQUIRE(bench.session.adopt_attached(claim, received) == Adoption::adopted);
  CHECK(expiry(bench, 10s) == 1006 + 9);
}

TEST_CASE("session: a tighter bound replaces a looser one") {
  SessionBench bench;
  auto question = bench.question();
  const auto claim = bench.tell(question);
  bench.pass(6s);
  question.received_at = bench.now;
  REQUIRE(bench.session.adopt_handshake(claim, question) == Adoption::adopted);
  CHECK(expiry(bench, 10s) == 1009);
  REQUIRE(bench.attached() == Adoption::adopted);
  CHECK(expiry(bench, 10s) == 1015);
}

TEST_CASE("session: a bound that has run ahead of the vehicle is corrected") {
  auto bench = at_1000();
  bench.now += 100s;  // the vehicle's clock is slow
  bench.vehicle.pass(95s);
  REQUIRE(bench.attached() == Adoption::adopted);
  CHECK(expiry(bench, 10s) == 1095 + 9);
  // Ahead by little more than a round trip can explain.
  bench.now += 101s;
  bench.vehicle.pass(100s);
  REQUIRE(bench.attached() == Adoption::adopted);
  CHECK(expiry(bench, 10s) == 1195 + 9);
}

TEST_CASE("session: a vehicle that sets its clock back is not lost: its next handshake counts") {
  auto bench = at_1000();
  bench.vehicle.set_time(500s);
  CHECK(bench.attached() == Adoption::outdated);
  CHECK(expiry(bench, 10s) == 1009);
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(expiry(bench, 10s) == 509);
  REQUIRE(bench.attached() == Adoption::adopted);
}

TEST_CASE("session: an attached session info whose clock stands still is no step back") {
  auto bench = at_1000();
  CHECK(bench.attached() == Adoption::adopted);
}

}  // namespace
}  // namespace fleetsign::protocol
