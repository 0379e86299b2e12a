// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/wakes.h"

#include <doctest/doctest.h>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

constexpr std::int64_t kToday = 20'000;

TEST_CASE("wakes: a day's count of a vehicle is there after a restart, and for no other day or vehicle") {
  test::Bench bench;
  {
    const auto store = bench.open();
    Wakes wakes(*store);
    CHECK(wakes.count("A", kToday) == 0);
    CHECK(wakes.keep("A", kToday, 1));
    CHECK(wakes.keep("A", kToday, 2));
  }
  const auto store = bench.open();
  const Wakes wakes(*store);
  CHECK(wakes.count("A", kToday) == 2);
  CHECK(wakes.count("A", kToday + 1) == 0);
  CHECK(wakes.count("B", kToday) == 0);
}

TEST_CASE("wakes: a new day gives up the counts of the others") {
  test::Bench bench;
  const auto store = bench.open();
  Wakes wakes(*store);
  CHECK(wakes.keep("A", kToday, 1));
  CHECK(wakes.keep("B", kToday + 1, 1));
  CHECK(wakes.count("A", kToday) == 0);
  CHECK(wakes.count("B", kToday + 1) == 1);
}

}  // namespace
}  // namespace fleetsign::state
