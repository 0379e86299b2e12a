// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/lanes.h"

#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace test;
using protocol::Domain;

std::string vin(int number) {
  const auto digits = std::to_string(number);
  return "5YJ3" + std::string(13 - digits.size(), '0') + digits;
}

Lanes make_lanes(std::size_t capacity) {
  return {std::make_shared<const crypto::PrivateKey>(crypto::PrivateKey::generate()), [] { return Instant(); },
          capacity};
}

TEST_CASE("lanes: one for each vehicle and domain") {
  auto lanes = make_lanes(1000);
  std::set<std::shared_ptr<Lane>> different;
  for (int round = 0; round < 2; ++round) {
    for (int car = 0; car < 20; ++car) {
      different.insert(lanes.find_or_make(vin(car), Domain::infotainment));
      different.insert(lanes.find_or_make(vin(car), Domain::vehicle_security));
    }
  }
  CHECK(different.size() == 40);
  CHECK(lanes.size() == 40);
}

TEST_CASE("lanes: those with an established session are counted, and the commands that wait for a turn") {
  Bench bench(2);
  CHECK(bench.commander.execute(bench.order("honk_horn")).outcome);
  const auto busy = bench.lanes.find_or_make(bench.vins[1], Domain::vehicle_security);
  CHECK(bench.lanes.size() == 2);
  CHECK(bench.lanes.tally().established == 1);
  CHECK(bench.lanes.tally().waiting == 0);

  const auto turn = busy->enter(bench.patience());
  Presence caller;
  auto second = std::async(std::launch::async, [&] { return busy->enter(bench.patience(caller)).ok(); });
  REQUIRE(caller.wait_for_looks(1));
  CHECK(bench.lanes.tally().waiting == 1);
  caller.leave();
  CHECK_FALSE(second.get());
}

TEST_CASE("lanes: while the key is being replaced, each vehicle's session is kept under the key that signs for it") {
  const auto make_key = [] { return std::make_shared<const crypto::PrivateKey>(crypto::PrivateKey::generate()); };
  const ClientKeys keys(make_key(), make_key(), {vin(1)});
  Lanes lanes(keys, [] { return Instant(); });
  for (const auto domain : {Domain::infotainment, Domain::vehicle_security}) {
    CHECK(lanes.find_or_make(vin(1), domain)->client() == keys.next()->public_point());
    CHECK(lanes.find_or_make(vin(2), domain)->client() == keys.usual()->public_point());
  }
}

TEST_CASE("lanes: there are never more than the capacity, however many vehicles come by") {
  auto lanes = make_lanes(64);
  for (int car = 0; car < 2000; ++car) {
    lanes.find_or_make(vin(car), Domain::infotainment);
    REQUIRE(lanes.size() <= 64);
  }
  CHECK(lanes.size() == 64);
}

TEST_CASE("lanes: a small capacity is kept, too") {
  for (const std::size_t capacity : {1U, 5U, 17U}) {
    CAPTURE(capacity);
    auto lanes = make_lanes(capacity);
    for (int car = 0; car < 200; ++car) lanes.find_or_make(vin(car), Domain::infotainment);
    CHECK(lanes.size() <= capacity);
  }
}

TEST_CASE("lanes: the one that was used longest ago makes room") {
  auto lanes = make_lanes(64);
  const std::weak_ptr<Lane> favourite = lanes.find_or_make(vin(0), Domain::infotainment);
  const std::weak_ptr<Lane> forgotten = lanes.find_or_make(vin(1), Domain::infotainment);
  for (int car = 2; car < 2000; ++car) {
    lanes.find_or_make(vin(car), Domain::infotainment);
    REQUIRE(lanes.find_or_make(vin(0), Domain::infotainment) == favourite.lock());
  }
  CHECK_FALSE(favourite.expired());
  CHECK(forgotten.expired());
}

TEST_CASE("lanes: one in use stays, as a second one beside it would use the same counters") {
  Bench bench;
  auto lanes = make_lanes(16);
  const auto turn = lanes.find_or_make(vin(0), Domain::infotainment)->enter(bench.patience());
  const std::weak_ptr<Lane> in_use = lanes.find_or_make(vin(0), Domain::infotainment);
  for (int car = 1; car < 2000; ++car) lanes.find_or_make(vin(car), Domain::infotainment);
  CHECK(lanes.find_or_make(vin(0), Domain::infotainment) == in_use.lock());
}

TEST_CASE("lanes: those in use may be more than the capacity, and go when they are free again") {
  Bench bench;
  auto lanes = make_lanes(16);
  std::vector<std::shared_ptr<Lane>> in_use;
  for (int car = 0; car < 100; ++car) in_use.push_back(lanes.find_or_make(vin(car), Domain::infotainment));
  CHECK(lanes.size() == 100);
  in_use.clear();
  for (int car = 100; car < 1000; ++car) lanes.find_or_make(vin(car), Domain::infotainment);
  CHECK(lanes.size() == 16);
}

TEST_CASE("lanes: they tell how they are") {
  Bench bench;
  CHECK(bench.lanes.states().empty());
  REQUIRE(to_text(bench.commander.execute(bench.order("door_lock")).outcome) == "accepted yes");
  const auto turn = bench.lanes.find_or_make(bench.vins[0], Domain::vehicle_security)->enter(bench.patience());
  const auto states = bench.lanes.states();
  REQUIRE(states.size() == 1);
  const LaneState& state = states.front();
  CHECK(state.vin == bench.vins[0]);
  CHECK(state.domain == Domain::vehicle_security);
  CHECK(state.established);
  CHECK(state.counter == 1);
  CHECK(state.epoch != protocol::Epoch{});
  CHECK(state.inside == 1);
  CHECK(state.waiting == 0);
}

TEST_CASE("lanes: a vehicle's sessions are forgotten, those of others stay") {
  Bench bench(2);
  auto order = bench.order("door_lock");
  for (const auto& car : bench.vins) {
    order.vin = car;
    REQUIRE(to_text(bench.commander.execute(order).outcome) == "accepted yes");
  }
  CHECK(bench.lanes.forget(bench.vins[1]).sessions == 1);
  CHECK(bench.lanes.forget(vin(7)).sessions == 0);
  CHECK(bench.commander.execute(order).upstream_requests == 2);
  order.vin = bench.vins[0];
  CHECK(bench.commander.execute(order).upstream_requests == 1);
}

TEST_CASE("lanes: many threads find the same lane, and make it once") {
  auto lanes = make_lanes(64);
  std::vector<std::shared_ptr<Lane>> found(8);
  {
    std::vector<std::jthread> threads;
    for (auto& lane : found) {
      threads.emplace_back([&] {
        for (int car = 0; car < 200; ++car) lanes.find_or_make(vin(car), Domain::infotainment);
        lane = lanes.find_or_make(vin(500), Domain::infotainment);
      });
    }
  }
  CHECK(std::set<std::shared_ptr<Lane>>(found.begin(), found.end()).size() == 1);
}

}  // namespace
}  // namespace fleetsign::vehicles
