// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/claims.h"

#include <doctest/doctest.h>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

using test::Bench;

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::int64_t kDay = 24 * 60 * 60;

/// One run of a daemon.
struct Run {
  std::unique_ptr<Store> store;
  std::int64_t now = kNow;
  std::int64_t capacity = Claims::kCapacity;
  Claims claims{*store, [this] { return now; }, capacity};

  [[nodiscard]] bool takes(const Claim& claim) {
    const auto taken = claims.take(claim);
    REQUIRE(taken.ok());
    return !taken->has_value();
  }
  [[nodiscard]] Standing standing(const Claim& claim) {
    auto taken = claims.take(claim);
    REQUIRE(taken.ok());
    REQUIRE(taken->has_value());
    return **taken;
  }
  void run(const char* sql) const {
    REQUIRE(store->write([&](const Database& database) { database.run(sql); }));
  }
};

Claim claim_of(int number) {
  const auto byte = static_cast<std::uint8_t>(number);
  return {.id = crypto::sha256({crypto::ByteView(&byte, 1)}), .request = crypto::sha256({})};
}

const Answer kAnswer{
    .status = 504, .headers = {{"Content-Type", "text/plain"}, {"X", ""}}, .body = std::string("a\0\n\xFF", 4)};

void check_same(const std::optional<Answer>& answer, const Answer& expected) {
  REQUIRE(answer.has_value());
  CHECK(answer->status == expected.status);
  CHECK(answer->headers == expected.headers);
  CHECK(answer->body == expected.body);
}

TEST_CASE("claims: what was taken stands with its request and its answer, in later runs too") {
  Bench bench;
  {
    Run run{bench.open()};
    CHECK(run.takes(claim_of(1)));
    CHECK(run.takes(claim_of(2)));
    CHECK(run.claims.answer(claim_of(1).id, kAnswer));
    check_same(run.standing(claim_of(1)).answer, kAnswer);
  }
  Run run{bench.open()};
  const auto answered = run.standing({.id = claim_of(1).id, .request = claim_of(9).id});
  CHECK(answered.request == claim_of(1).request);
  check_same(answered.answer, kAnswer);
  CHECK_FALSE(run.standing(claim_of(2)).answer.has_value());  // that run ended before there was one
  CHECK(run.claims.size() == 2);
}

TEST_CASE("claims: one that is released had never been") {
  Bench bench;
  Run run{bench.open()};
  CHECK(run.takes(claim_of(1)));
  CHECK(run.claims.release(claim_of(1).id));
  CHECK(run.claims.size() == 0);
  CHECK(run.takes(claim_of(1)));
}

TEST_CASE("claims: they stand for a day, and are cleared away by later ones") {
  Bench bench;
  Run run{bench.open()};
  for (int number = 0; number < 40; ++number) CHECK(run.takes(claim_of(number)));
  CHECK(run.claims.answer(claim_of(1).id, kAnswer));
  run.now += kDay - 1;
  check_same(run.standing(claim_of(1)).answer, kAnswer);
  run.now += 1;
  CHECK(run.takes(claim_of(1)));
  CHECK_FALSE(run.standing(claim_of(1)).answer.has_value());
  for (int number = 100; run.claims.size() > 4 && number < 110; ++number) CHECK(run.takes(claim_of(number)));
  CHECK(run.claims.size() <= 4);
}

TEST_CASE("claims: a clock that was a day ahead at most ends none, and what is from further ahead does not stay") {
  Bench bench;
  Run run{.store = bench.open(), .capacity = 1};
  CHECK(run.takes(claim_of(1)));
  run.now -= kDay;
  CHECK_FALSE(run.takes(claim_of(1)));
  run.now -= 1;
  CHECK(run.takes(claim_of(2)));  // in the room of the first
  CHECK(run.claims.size() == 1);
}

TEST_CASE("claims: at the start of a run all are cleared away that have expired, and no other") {
  constexpr int kMany = 2'500;
  Bench bench;
  Run run{bench.open()};
  run.run(("WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < " +
           std::to_string(kMany) +
           ") INSERT INTO claims (id, request, claimed) SELECT randomblob(32), zeroblob(32), 1 FROM numbers")
              .c_str());
  CHECK(run.takes(claim_of(1)));
  CHECK(run.claims.size() > 2'000);
  run.claims.clear_expired();
  CHECK(run.claims.size() == 1);
  CHECK_FALSE(run.takes(claim_of(1)));
  run.now -= 2 * kDay;
  run.claims.clear_expired();
  CHECK(run.claims.size() == 0);
}

TEST_CASE("claims: while nothing can be written, expired ones stay") {
  Bench bench;
  Run run{bench.open()};
  CHECK(run.takes(claim_of(1)));
  run.now += kDay;
  run.run("PRAGMA query_only = ON");
  run.claims.clear_expired();
  CHECK(run.claims.size() == 1);
}

TEST_CASE("claims: when it is full no further one is taken, and none is given up for it") {
  Bench bench;
  Run run{.store = bench.open(), .capacity = 2};
  CHECK(run.takes(claim_of(1)));
  run.now += 1;
  CHECK(run.takes(claim_of(2)));
  const auto refused = run.claims.take(claim_of(3));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error() == Claims::Refusal::full);
  CHECK_FALSE(run.takes(claim_of(1)));
  CHECK(run.claims.release(claim_of(2).id));
  CHECK(run.takes(claim_of(3)));
  run.now = kNow + kDay;  // and time makes room
  CHECK(run.takes(claim_of(4)));
}

TEST_CASE("claims: an answer that is too large is not kept, and its claim stands without") {
  Bench bench;
  Run run{bench.open()};
  CHECK(run.takes(claim_of(1)));
  Answer answer{.status = 200, .headers = {{"A", "b"}}, .body = std::string(Claims::kLargestAnswer - 5, 'x')};
  CHECK(run.claims.answer(claim_of(1).id, answer));
  answer.body += 'x';
  CHECK_FALSE(run.claims.answer(claim_of(1).id, answer));
  CHECK(run.takes(claim_of(2)));
  CHECK_FALSE(run.claims.answer(claim_of(2).id, answer));
  CHECK_FALSE(run.standing(claim_of(2)).answer.has_value());
}

TEST_CASE("claims: while nothing can be written none is taken, but what stands is told") {
  Bench bench;
  Run run{bench.open()};
  CHECK(run.takes(claim_of(1)));
  CHECK(run.claims.answer(claim_of(1).id, kAnswer));
  run.run("PRAGMA query_only = ON");
  check_same(run.standing(claim_of(1)).answer, kAnswer);
  const auto refused = run.claims.take(claim_of(2));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error() == Claims::Refusal::unwritable);
  CHECK_FALSE(run.claims.answer(claim_of(1).id, kAnswer));
  CHECK_FALSE(run.claims.release(claim_of(1).id));
}

TEST_CASE("claims: where they cannot even be read, nobody says that there is none") {
  Bench bench;
  Run run{bench.open()};
  CHECK(run.takes(claim_of(1)));
  run.run("DROP TABLE claims");
  const auto refused = run.claims.take(claim_of(1));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error() == Claims::Refusal::unreadable);
  CHECK(run.claims.size() == 0);
}

TEST_CASE("claims: of a damaged row the answer is not believed, but the claim stands") {
  for (const auto* damage : {"status = 99", "status = 600", "status = NULL", "body = NULL", "headers = 'x'",
                             "headers = 'x: y'", "headers = 'x\ny: z\n'"}) {
    CAPTURE(std::string(damage));
    Bench bench;
    Run run{bench.open()};
    CHECK(run.takes(claim_of(1)));
    CHECK(run.claims.answer(claim_of(1).id, kAnswer));
    run.run((std::string("PRAGMA ignore_check_constraints = ON; UPDATE claims SET ") + damage).c_str());
    const auto standing = run.standing(claim_of(1));
    CHECK_FALSE(standing.answer.has_value());
    CHECK(standing.request == claim_of(1).request);
  }
}

TEST_CASE("claims: a damaged hash of the request is nobody's") {
  Bench bench;
  Run run{bench.open()};
  CHECK(run.takes(claim_of(1)));
  run.run("PRAGMA ignore_check_constraints = ON; UPDATE claims SET request = x'04'");
  CHECK(run.standing(claim_of(1)).request != claim_of(1).request);
}

}  // namespace
}  // namespace fleetsign::state
