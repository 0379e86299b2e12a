// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/audit_anchor.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

const ops::ChainEnd kFirst{.seq = 1, .hash = {1}};
const ops::ChainEnd kSecond{.seq = 2, .hash = {2}};

TEST_CASE("audit anchor: the last one that was kept is there after a restart") {
  test::Bench bench;
  {
    const auto store = bench.open();
    AuditAnchor anchor(*store);
    CHECK_FALSE(anchor.find());
    CHECK(anchor.keep(kFirst));
    CHECK(anchor.keep(kSecond));
  }
  const auto store = bench.open();
  CHECK(AuditAnchor(*store).find() == kSecond);
}

TEST_CASE("audit anchor: a copy that is put back does not bring an older one") {
  test::Bench bench;
  const auto store = bench.open();
  AuditAnchor anchor(*store);
  CHECK(anchor.keep(kFirst));
  const auto copy = store->copy();
  REQUIRE(copy.ok());
  CHECK(anchor.keep(kSecond));
  CHECK_FALSE(store->restore(*copy));
  const auto database = Database(bench.file(), Database::Access::read);
  CHECK(database.number("SELECT seq FROM audit") == 2);
}

}  // namespace
}  // namespace fleetsign::state
