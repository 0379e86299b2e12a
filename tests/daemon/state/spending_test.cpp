// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/spending.h"

#include <doctest/doctest.h>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

constexpr std::int64_t kToday = 20'000;

TEST_CASE("spending: a day's sum of a caller is there after a restart, and for no other day or caller") {
  test::Bench bench;
  {
    const auto store = bench.open();
    Spending spending(*store);
    CHECK(spending.spent("a", kToday) == 0);
    CHECK(spending.keep("a", kToday, 1));
    CHECK(spending.keep("a", kToday, 2'500'000));
    CHECK(spending.keep("a", kToday, 1'000'000));  // of somebody who has reckoned before
  }
  const auto store = bench.open();
  const Spending spending(*store);
  CHECK(spending.spent("a", kToday) == 2'500'000);
  CHECK(spending.spent("a", kToday + 1) == 0);
  CHECK(spending.spent("b", kToday) == 0);
}

TEST_CASE("spending: a new day gives up the sum of that caller, and of no other") {
  test::Bench bench;
  const auto store = bench.open();
  Spending spending(*store);
  CHECK(spending.keep("a", kToday, 1));
  CHECK(spending.keep("b", kToday, 2));
  CHECK(spending.keep("b", kToday + 1, 3));
  CHECK(spending.spent("a", kToday) == 1);
  CHECK(spending.spent("b", kToday) == 0);
  CHECK(spending.spent("b", kToday + 1) == 3);
}

TEST_CASE("spending: what cannot be read is not taken for nothing") {
  test::Bench bench;
  const auto store = bench.open();
  Spending spending(*store);
  CHECK(store->write([](const Database& database) { database.run("ALTER TABLE spending RENAME TO hidden"); }));
  CHECK_FALSE(spending.spent("a", kToday).has_value());
  CHECK_FALSE(spending.keep("a", kToday, 1));
  CHECK(store->write([](const Database& database) { database.run("ALTER TABLE hidden RENAME TO spending"); }));
  CHECK(spending.spent("a", kToday) == 0);
}

}  // namespace
}  // namespace fleetsign::state
