// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/unsigned_vehicles.h"

#include <doctest/doctest.h>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

using Vehicles = std::vector<UnsignedVehicle>;

TEST_CASE("unsigned vehicles: those that were kept and not erased are there after a restart") {
  test::Bench bench;
  {
    const auto store = bench.open();
    UnsignedVehicles vehicles(*store);
    CHECK(vehicles.all().empty());
    CHECK(vehicles.keep({.vin = "A", .until = 1}));
    CHECK(vehicles.keep({.vin = "B", .until = 2}));
    CHECK(vehicles.keep({.vin = "C", .until = 3}));
    CHECK(vehicles.keep({.vin = "A", .until = 4}));
    CHECK(vehicles.erase("B"));
    CHECK(vehicles.erase("D"));
  }
  const auto store = bench.open();
  CHECK(UnsignedVehicles(*store).all() == Vehicles{{.vin = "C", .until = 3}, {.vin = "A", .until = 4}});
}

TEST_CASE("unsigned vehicles: of too many, those that were kept first are given up") {
  test::Bench bench;
  const auto store = bench.open();
  UnsignedVehicles vehicles(*store, 2);
  for (const auto* vin : {"A", "B", "C"}) CHECK(vehicles.keep({.vin = vin, .until = 1}));
  CHECK(vehicles.all() == Vehicles{{.vin = "B", .until = 1}, {.vin = "C", .until = 1}});
}

}  // namespace
}  // namespace fleetsign::state
