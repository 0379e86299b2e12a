// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/sessions.h"

#include <doctest/doctest.h>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

using namespace std::chrono_literals;
using protocol::Domain;
using protocol::Instant;
using protocol::Remembered;
using test::Bench;

/// One run of a daemon on one run of the machine.
struct Run {
  std::unique_ptr<Store> store;
  ops::Moment now;
  Sessions sessions{*store, [this] { return now; }};
};

const ops::Moment kMonday{.boot_id = "monday", .boot = Instant(2h), .wall = ops::WallTime(1'000'000s)};

std::optional<Remembered> recall(const Run& run, const SessionKey& key) {
  return run.sessions.recall(key).value();
}

SessionKey key_of(const std::string& vin, Domain domain = Domain::infotainment) {
  SessionKey key{.vin = vin, .domain = domain};
  key.client.fill(4);
  return key;
}

Remembered some_session() {
  Remembered remembered{.counter = 4'294'967'295,
                        .last_clock_time = {100},
                        .clock_bound = {110},
                        .clock_bound_at = kMonday.boot - 5s,
                        .answers_encrypted = true};
  remembered.vehicle_point.fill(7);
  remembered.epoch.emplace().bytes.fill(9);
  return remembered;
}

TEST_CASE("kept sessions: a later run gets all of it back, with the clock's instant as it was") {
  Bench bench;
  {
    Run run{bench.open(), kMonday};
    CHECK_FALSE(recall(run, key_of("A")).has_value());
    CHECK(run.sessions.keep(key_of("A"), some_session()));
  }
  Run run{bench.open(), kMonday};
  run.now.boot += 3h;
  CHECK(recall(run, key_of("A")) == some_session());
  CHECK_FALSE(recall(run, key_of("A", Domain::vehicle_security)).has_value());
  CHECK_FALSE(recall(run, key_of("B")).has_value());
  auto of_other_client = key_of("A");
  of_other_client.client.fill(5);
  CHECK_FALSE(recall(run, of_other_client).has_value());
}

TEST_CASE("kept sessions: after a reboot the instant comes by wall time, and never earlier than it was") {
  Bench bench;
  Run run{bench.open(), kMonday};
  CHECK(run.sessions.keep(key_of("A"), some_session()));
  run.now = {.boot_id = "tuesday", .boot = Instant(60s), .wall = *kMonday.wall + 1h};
  const auto recalled = recall(run, key_of("A"));
  REQUIRE(recalled.has_value());
  const auto at = recalled->clock_bound_at;
  REQUIRE(at.has_value());
  CHECK(*at >= run.now.boot - 1h - 5s);
  CHECK(*at <= run.now.boot - 1h - 5s + 2s);
}

TEST_CASE("kept sessions: with clocks that cannot tell, the key and the counter are all that is known") {
  Bench bench;
  Run run{bench.open(), kMonday};
  CHECK(run.sessions.keep(key_of("A"), some_session()));
  for (const auto& wall :
       {std::optional<ops::WallTime>(), std::optional(*kMonday.wall - 1h), std::optional(*kMonday.wall + 48h)}) {
    run.now = {.boot_id = "tuesday", .boot = Instant(60s), .wall = wall};
    auto expected = some_session();
    expected.clock_bound_at.reset();
    CHECK(recall(run, key_of("A")) == expected);
  }
}

TEST_CASE("kept sessions: one that is erased is gone for later runs too") {
  Bench bench;
  {
    Run run{bench.open(), kMonday};
    CHECK(run.sessions.keep(key_of("A"), some_session()));
    CHECK(run.sessions.erase(key_of("A")));
  }
  Run run{bench.open(), kMonday};
  CHECK_FALSE(recall(run, key_of("A")).has_value());
}

TEST_CASE("kept sessions: where a counter cannot be written all are void, and only the vehicle's key is recalled") {
  Bench bench;
  {
    Run run{bench.open(), kMonday};
    CHECK(run.sessions.keep(key_of("A"), some_session()));
    CHECK(run.store->write([](const Database& database) { database.run("PRAGMA query_only = ON"); }));
    CHECK(run.sessions.keep(key_of("A"), some_session()));  // said by the mark beside the file
    CHECK(run.store->trouble().has_value());
  }
  {
    Run run{bench.open(), kMonday};
    const auto recalled = recall(run, key_of("A"));
    REQUIRE(recalled.has_value());
    CHECK(recalled->vehicle_point == some_session().vehicle_point);
    CHECK_FALSE(recalled->epoch.has_value());
    CHECK(run.sessions.keep(key_of("B"), some_session()));  // the first write carries it into the file
    CHECK_FALSE(run.store->counters_are_void());
    CHECK(recall(run, key_of("B")) == some_session());
  }
  Run run{bench.open(), kMonday};
  CHECK_FALSE(recall(run, key_of("A")).value_or(some_session()).epoch.has_value());
  CHECK(recall(run, key_of("B")) == some_session());
}

TEST_CASE("kept sessions: one that cannot be read starts afresh, or is refused where its key must be the one it had") {
  Bench bench;
  Run run{bench.open(), kMonday};
  CHECK(run.sessions.keep(key_of("A"), some_session()));
  CHECK(run.store->write([](const Database& database) { database.run("DROP TABLE sessions"); }));
  CHECK_FALSE(recall(run, key_of("A")).has_value());
  const Sessions pinned(
      *run.store, [&] { return run.now; }, Unreadable::is_refused);
  const auto refused = pinned.recall(key_of("A"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == protocol::Kind::state_unavailable);
}

TEST_CASE("kept sessions: a row that no session could have left is not believed") {
  Bench bench;
  Run run{bench.open(), kMonday};
  CHECK(run.sessions.keep(key_of("A"), some_session()));
  CHECK(run.store->write([](const Database& database) {
    database.run("PRAGMA ignore_check_constraints = ON; UPDATE sessions SET vehicle = x'04'");
  }));
  CHECK_FALSE(recall(run, key_of("A")).has_value());
}

}  // namespace
}  // namespace fleetsign::state
