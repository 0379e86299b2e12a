// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/without_protocol.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>

#include "daemon/state/store.h"
#include "tests/crypto/temporary_folder.h"

namespace fleetsign::vehicles {
namespace {

constexpr std::int64_t kStart = 1'700'000'000;

/// A state folder, and a clock that only the test moves.
struct Bench {
  [[nodiscard]] std::unique_ptr<state::Store> open() const {
    auto store = state::Store::open(folder.path() / "state", {}, [](const std::string& /*report*/) {});
    REQUIRE(store.ok());
    return *std::move(store);
  }
  [[nodiscard]] std::function<std::int64_t()> clock() const {
    return [this] { return now; };
  }

  crypto::test::TemporaryFolder folder{};
  std::int64_t now = kStart;
};

TEST_CASE("without protocol: a vehicle counts as such for a day") {
  Bench bench;
  WithoutProtocol vehicles(bench.clock());
  CHECK_FALSE(vehicles.has("A"));
  vehicles.add("A");
  bench.now += WithoutProtocol::kKept - 1;
  CHECK(vehicles.has("A"));
  CHECK(vehicles.all() == std::vector<state::UnsignedVehicle>{{.vin = "A", .until = kStart + WithoutProtocol::kKept}});
  bench.now += 1;
  CHECK_FALSE(vehicles.has("A"));
  CHECK(vehicles.all().empty());
  CHECK_FALSE(vehicles.forget("A").was_there);
}

TEST_CASE("without protocol: it is known in the next run, unless it was forgotten or its day has ended") {
  Bench bench;
  {
    const auto store = bench.open();
    state::UnsignedVehicles kept(*store);
    WithoutProtocol vehicles(bench.clock(), WithoutProtocol::kCapacity, &kept);
    vehicles.add("A");
    bench.now += 10;
    vehicles.add("B");
    vehicles.add("C");
    const auto forgotten = vehicles.forget("C");
    CHECK(forgotten.was_there);
    CHECK(forgotten.durable);
  }
  const auto store = bench.open();
  state::UnsignedVehicles kept(*store);
  CHECK(WithoutProtocol(bench.clock(), WithoutProtocol::kCapacity, &kept).all().size() == 2);
  bench.now = kStart + WithoutProtocol::kKept;
  const WithoutProtocol next_day(bench.clock(), WithoutProtocol::kCapacity, &kept);
  CHECK_FALSE(next_day.has("A"));
  CHECK(next_day.has("B"));
}

TEST_CASE("without protocol: what a wrong clock has kept for longer than a day does not count") {
  Bench bench;
  const auto store = bench.open();
  state::UnsignedVehicles kept(*store);
  CHECK(kept.keep({.vin = "A", .until = kStart + WithoutProtocol::kKept + 1}));
  CHECK_FALSE(WithoutProtocol(bench.clock(), WithoutProtocol::kCapacity, &kept).has("A"));
}

TEST_CASE("without protocol: of too many, the one whose time ends first is given up") {
  Bench bench;
  WithoutProtocol vehicles(bench.clock(), 2);
  for (const auto* vin : {"C", "B", "C", "A"}) {
    vehicles.add(vin);
    ++bench.now;
  }
  CHECK(vehicles.has("C"));
  CHECK_FALSE(vehicles.has("B"));
  CHECK(vehicles.has("A"));
}

TEST_CASE("without protocol: what is not remembered is forgotten where it is kept all the same") {
  const Bench bench;
  const auto store = bench.open();
  state::UnsignedVehicles kept(*store);
  WithoutProtocol vehicles(bench.clock(), WithoutProtocol::kCapacity, &kept);
  REQUIRE(kept.keep({.vin = "A", .until = kStart + 1}));
  const auto forgotten = vehicles.forget("A");
  CHECK_FALSE(forgotten.was_there);
  CHECK(forgotten.durable);
  CHECK(WithoutProtocol(bench.clock(), WithoutProtocol::kCapacity, &kept).all().empty());
}

TEST_CASE("without protocol: what is known and what is kept stay the same, whoever is first") {
  const Bench bench;
  const auto store = bench.open();
  state::UnsignedVehicles kept(*store);
  WithoutProtocol vehicles(bench.clock(), WithoutProtocol::kCapacity, &kept);
  for (int round = 0; round < 200; ++round) {
    std::thread adding([&] { vehicles.add("A"); });
    vehicles.forget("A");
    adding.join();
    const bool is_known = vehicles.has("A");
    REQUIRE(is_known == !kept.all().empty());
  }
}

}  // namespace
}  // namespace fleetsign::vehicles
