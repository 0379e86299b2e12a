// SPDX-License-Identifier: Apache-2.0
// The queue before a lane.
#include "daemon/vehicles/lane.h"

#include <doctest/doctest.h>

#include <deque>
#include <future>
#include <numeric>
#include <string>
#include <vector>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace test;
using protocol::Domain;
using protocol::Kind;

std::shared_ptr<Lane> lane_of(Bench& bench, Domain domain) {
  return bench.lanes.find_or_make(bench.vins[0], domain);
}

/// A caller in a thread of its own, which takes a turn and gives it back at once.
class Visitor {
 public:
  /// Waits until it stands in the queue.
  Visitor(const std::shared_ptr<Lane>& lane, const Bench& bench, std::function<void()> inside = {},
          Duration wait = std::chrono::seconds(10))
      : turn_(std::async(std::launch::async, [this, lane, &bench, inside = std::move(inside), wait] {
          const auto turn = lane->enter(bench.patience(presence_, wait));
          if (turn && inside) inside();
          return turn ? std::string("entered") : std::string(row_of(turn.error().kind).error_code);
        })) {
    REQUIRE(presence_.wait_for_looks(1));
  }

  void leave() { presence_.leave(); }
  /// "entered", or the error_code.
  std::string result() { return turn_.get(); }

 private:
  Presence presence_{};
  std::future<std::string> turn_;  // last: its thread uses the rest
};

TEST_CASE("lane: vehicle security takes one at a time, first come first served") {
  Bench bench;
  const auto lane = lane_of(bench, Domain::vehicle_security);
  auto first = std::make_unique<Turn>(lane->enter(bench.patience()).value());
  std::vector<int> order;
  std::atomic<int> inside = 0;
  std::deque<Visitor> visitors;
  for (int i = 0; i < 20; ++i) {
    visitors.emplace_back(lane, bench, [&, i] {
      CHECK(++inside == 1);
      order.push_back(i);
      --inside;
    });
  }
  CHECK(order.empty());
  first.reset();
  for (auto& visitor : visitors) CHECK(visitor.result() == "entered");
  std::vector<int> as_they_came(20);
  std::iota(as_they_came.begin(), as_they_came.end(), 0);
  CHECK(order == as_they_came);
}

TEST_CASE("lane: infotainment takes eight at a time, and the ninth waits for one to leave") {
  Bench bench;
  const auto lane = lane_of(bench, Domain::infotainment);
  std::vector<Turn> turns;
  for (int i = 0; i < 8; ++i) turns.push_back(lane->enter(bench.patience()).value());
  Visitor ninth(lane, bench);
  { const Turn one = std::move(turns[3]); }
  CHECK(ninth.result() == "entered");
}

TEST_CASE("lane: the queue is bounded, and who finds it full is told at once") {
  Bench bench;
  const auto lane = lane_of(bench, Domain::vehicle_security);
  const auto first = lane->enter(bench.patience());
  std::deque<Visitor> visitors;
  for (std::size_t i = 0; i < Lane::kQueue; ++i) visitors.emplace_back(lane, bench);

  Presence presence;
  const auto refused = lane->enter(bench.patience(presence));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == Kind::overloaded);

  visitors[5].leave();
  CHECK(visitors[5].result() == "expired_unsent");
  Visitor one_more(lane, bench);
  for (auto& visitor : visitors) visitor.leave();
  one_more.leave();
  CHECK(one_more.result() == "expired_unsent");
}

TEST_CASE("lane: a deadline that passes in the queue is expired_unsent") {
  Bench bench;
  const auto lane = lane_of(bench, Domain::vehicle_security);
  const auto first = lane->enter(bench.patience());
  Visitor second(lane, bench, {}, std::chrono::seconds(5));
  Visitor third(lane, bench, {}, std::chrono::seconds(20));
  bench.clock.pass(std::chrono::seconds(6));
  CHECK(second.result() == "expired_unsent");
  third.leave();
  CHECK(third.result() == "expired_unsent");
}

TEST_CASE("lane: who waited in vain is told why: its time ran out, or it has gone itself") {
  Bench bench;
  const auto lane = lane_of(bench, Domain::vehicle_security);
  const auto first = lane->enter(bench.patience());
  CHECK(lane->enter(bench.patience(std::chrono::seconds(0))).error().message ==
        "the time ran out while 1 earlier command was under way");
  Presence caller;
  caller.leave();
  CHECK(lane->enter(bench.patience(caller)).error().message ==
        "the caller has gone while 1 earlier command was under way");
}

TEST_CASE("lane: a caller that has gone leaves the queue, and its place is no one's") {
  Bench bench;
  const auto lane = lane_of(bench, Domain::vehicle_security);
  auto first = std::make_unique<Turn>(lane->enter(bench.patience()).value());
  Visitor second(lane, bench);
  Visitor third(lane, bench);
  second.leave();
  CHECK(second.result() == "expired_unsent");
  first.reset();
  CHECK(third.result() == "entered");
  // Nothing is left of either: the lane is free again.
  CHECK(lane->enter(bench.patience()));
}

TEST_CASE("lane: what stands in the way is named to who has waited in vain") {
  Bench bench;
  const auto lane = lane_of(bench, Domain::vehicle_security);
  const auto first = lane->enter(bench.patience());
  const auto late = lane->enter(bench.patience(Duration::zero()));
  REQUIRE_FALSE(late);
  CHECK(late.error().message == "the time ran out while 1 earlier command was under way");
}

}  // namespace
}  // namespace fleetsign::vehicles
