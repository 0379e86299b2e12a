// SPDX-License-Identifier: Apache-2.0
// What a session is after a restart, with what was kept of it.
#include <doctest/doctest.h>

#include "protocol/session.h"
#include "tests/protocol/session_bench.h"

namespace fleetsign::protocol {
namespace {

using namespace std::chrono_literals;
using test::SessionBench;

/// A bench whose session has used some counters, and is then replaced by what a later run makes of `remembered`.
struct Restart {
  SessionBench bench;
  Remembered remembered;

  Restart() {
    REQUIRE(bench.handshake() == Adoption::adopted);
    for (int i = 0; i < 3; ++i) bench.stamp();
    remembered = bench.session.remember().value();
    remembered.counter = 1000;  // the mark, ahead of what was used
  }
  void restart() {
    bench.session = Session(test::known_parties());
    bench.session.resume(remembered);
  }
};

TEST_CASE("session: before the first handshake there is nothing to keep, nor after its key is given up") {
  SessionBench bench;
  CHECK_FALSE(bench.session.remember().has_value());
  REQUIRE(bench.handshake() == Adoption::adopted);
  CHECK(bench.session.remember().has_value());
  bench.session.forget();
  CHECK(bench.session.remember().has_value());
  bench.session.forget_key();
  CHECK_FALSE(bench.session.remember().has_value());
}

TEST_CASE("session: it goes on after a restart without a handshake, beyond every counter that may have been used") {
  Restart run;
  run.restart();
  CHECK(run.bench.session.usable());
  CHECK(run.bench.stamp().counter == 1001);
}

TEST_CASE("session: after a restart a command expires no later than before it") {
  Restart run;
  run.bench.pass(2h);
  const auto before = run.bench.stamp().expires_at;
  run.restart();
  CHECK(run.bench.stamp().expires_at == before);
  run.remembered.clock_bound_at.value() += 900ms;  // found again a little later than it was
  run.restart();
  CHECK(run.bench.stamp().expires_at <= before);
}

TEST_CASE(
    "session: without a clock it needs a handshake, which neither goes back in the counter nor takes another key") {
  Restart run;
  run.remembered.clock_bound_at.reset();
  run.restart();
  CHECK_FALSE(run.bench.session.usable());
  CHECK(run.bench.handshake() == Adoption::adopted);
  CHECK(run.bench.stamp().counter == 1001);

  run.restart();
  run.bench.vehicle.rotate_key();
  const auto asked = run.bench.question();
  CHECK(run.bench.session.adopt_handshake(run.bench.tell(asked), asked, KeyChange::refuse) == Adoption::key_changed);
}

TEST_CASE("session: with the vehicle's key alone it takes the counter of the handshake, and no other key") {
  Restart run;
  run.remembered.epoch.reset();
  run.restart();
  CHECK_FALSE(run.bench.session.usable());
  CHECK(run.bench.handshake() == Adoption::adopted);
  CHECK(run.bench.stamp().counter == run.bench.vehicle.highest_counter() + 1);
}

TEST_CASE("session: a vehicle that has booted in between is noticed by its epoch, and its counter is its own") {
  Restart run;
  run.restart();
  run.bench.vehicle.reboot();
  CHECK(run.bench.attached() == Adoption::adopted);
  CHECK(run.bench.stamp().counter == 1);
}

TEST_CASE("session: a key that is no point of the curve is not gone on from") {
  Restart run;
  run.remembered.vehicle_point.fill(0);
  run.restart();
  CHECK_FALSE(run.bench.session.usable());
  CHECK_FALSE(run.bench.session.remember().has_value());
  CHECK(run.bench.handshake() == Adoption::adopted);
}

TEST_CASE("session: once it has answered encrypted, that is known after a restart") {
  Restart run;
  run.remembered.answers_encrypted = true;
  run.restart();
  CHECK(run.bench.session.answers_encrypted());
}

}  // namespace
}  // namespace fleetsign::protocol
