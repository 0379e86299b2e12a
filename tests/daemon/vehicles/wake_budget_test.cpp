// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/wake_budget.h"

#include <doctest/doctest.h>

#include <future>
#include <map>
#include <utility>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using protocol::Kind;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kMidnight = 20'000 * kDay;
const std::string kVin = "5YJS0000000000001";
const std::string kOtherVin = "5YJS0000000000002";

TEST_CASE("wake budget: so many a day for each vehicle, then refused until midnight UTC") {
  std::int64_t now = kMidnight + 1;
  WakeBudget budget(2, [&] { return now; });
  CHECK_FALSE(budget.take(kVin));
  now = kMidnight + kDay - 90;
  CHECK_FALSE(budget.take(kVin));
  const auto refused = budget.take(kVin);
  REQUIRE(refused);
  CHECK(refused->kind == Kind::local_budget);
  CHECK(refused->retry_after == 90);
  CHECK_FALSE(budget.take(kOtherVin));

  now = kMidnight + kDay;
  CHECK_FALSE(budget.take(kVin));
}

TEST_CASE("wake budget: what was not sent is given back") {
  WakeBudget budget(1, [] { return kMidnight; });
  CHECK_FALSE(budget.take(kVin));
  budget.give_back(kVin);
  CHECK_FALSE(budget.take(kVin));
  CHECK(budget.take(kVin));
  budget.give_back(kOtherVin);  // of which nothing was taken
  CHECK_FALSE(budget.take(kOtherVin));
}

TEST_CASE("wake budget: a limit of none allows everything, one of zero nothing") {
  WakeBudget none({}, [] { return kMidnight; });
  for (int i = 0; i < 100; ++i) CHECK_FALSE(none.take(kVin));
  WakeBudget zero(0, [] { return kMidnight; });
  CHECK(zero.take(kVin));
}

TEST_CASE("wake budget: the counts can be kept elsewhere") {
  std::map<std::pair<std::string, std::int64_t>, std::size_t> kept{{{kVin, 20'000}, 1}};
  WakeBudget budget(2, [] { return kMidnight; },
                    {.load =
                         [&](const std::string& vin, std::int64_t day) {
                           return kept[{vin, day}];
                         },
                     .store =
                         [&](const std::string& vin, std::int64_t day, std::size_t count) {
                           kept[{vin, day}] = count;
                         }});
  CHECK_FALSE(budget.take(kVin));
  CHECK(kept[{kVin, 20'000}] == 2);
  CHECK(budget.take(kVin));
}

TEST_CASE("wake budget: no vehicle waits until another's count is stored") {
  test::Event storing;
  test::Event other_was_taken;
  WakeBudget budget(1, [] { return kMidnight; },
                    {.load = [](const std::string&, std::int64_t) { return std::size_t{0}; },
                     .store =
                         [&](const std::string& vin, std::int64_t, std::size_t) {
                           if (vin != kVin) return;
                           storing.happen();
                           CHECK(other_was_taken.wait());
                         }});
  auto slow = std::async(std::launch::async, [&] { return budget.take(kVin); });
  REQUIRE(storing.wait());
  CHECK_FALSE(budget.take(kOtherVin));
  other_was_taken.happen();
  CHECK_FALSE(slow.get());
}

TEST_CASE("wake budget: counts in memory are of one day, and of so many vehicles") {
  const auto counts = WakeCounts::in_memory(2);
  counts.store("a", 1, 1);
  counts.store("b", 1, 1);
  counts.store("a", 1, 2);
  CHECK(counts.load("a", 1) == 2);
  counts.store("c", 1, 1);
  CHECK(counts.load("a", 1) + counts.load("b", 1) < 3);
  CHECK(counts.load("c", 1) == 1);
  CHECK(counts.load("c", 2) == 0);
  // A clock that was a day ahead does not leave anybody without wakes.
  counts.store("c", 2, 9);
  CHECK(counts.load("c", 1) == 0);
}

TEST_CASE("wake budget: another limit holds at once, and counts what was taken before") {
  WakeBudget budget(2, [] { return kMidnight; });
  CHECK_FALSE(budget.take(kVin));
  budget.set_limit(1);
  CHECK(budget.take(kVin));
  budget.set_limit(2);
  CHECK_FALSE(budget.take(kVin));
  CHECK(budget.take(kVin));
  budget.set_limit({});
  CHECK_FALSE(budget.take(kVin));
}

}  // namespace
}  // namespace fleetsign::vehicles
