// SPDX-License-Identifier: Apache-2.0
// Many who wait for one vehicle to wake: they share one wake_up, but only its success.
#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace test;
using fleetsign::test::answered;
using fleetsign::test::token_of;
using protocol::Kind;

constexpr int kFollowers = 9;
constexpr const char* kAsleep = R"({"response":{"state":"asleep"}})";
constexpr const char* kOnline = R"({"response":{"state":"online"}})";

/// A leader whose wake_up is held until nine others wait for it; every later request finds the vehicle online.
class Crowd {
 public:
  using Fate = std::function<upstream::Answer(Crowd&)>;

  /// `fate` is the answer to the leader's wake_up. The followers have `token`, each with a number where it ends in '#'.
  explicit Crowd(Fate fate, std::string token = "follower#") {
    bench.client.stand_between(
        [this, fate = std::move(fate)](const upstream::Request& request) -> std::optional<upstream::Answer> {
          if (token_of(request) != "leader" || request.method != "POST") return answered(200, kOnline);
          held_.happen();
          CHECK(go_on_.wait());
          return fate(*this);
        });
    leader = start(leader_presence, "leader", std::chrono::seconds(10));
    REQUIRE(held_.wait());
    for (int i = 0; i < kFollowers; ++i) {
      auto own = token;
      if (own.ends_with('#')) own.back() = static_cast<char>('0' + i);
      followers.push_back(start(presences_.emplace_back(), own, std::chrono::seconds(30)));
    }
    for (auto& presence : presences_) REQUIRE(presence.wait_for_looks(1));
    CHECK(bench.client.requests().size() == 1);
    go_on_.happen();
  }

  /// What all requests of the followers came to; each must have found the vehicle online.
  int requests_of_followers() {
    int requests = 0;
    for (auto& follower : followers) {
      const auto waking = follower.get();
      CHECK_FALSE(waking.failure);
      CHECK(waking.asked);
      requests += waking.upstream_requests;
    }
    return requests;
  }

  [[nodiscard]] int wake_ups() const {
    int count = 0;
    for (const auto& request : bench.client.requests()) count += request.method == "POST" ? 1 : 0;
    return count;
  }

  Bench bench{};
  Presence leader_presence{};

 private:
  std::future<Waking> start(Presence& presence, const std::string& token, Duration wait) {
    return std::async(std::launch::async, [this, token, patience = bench.patience(presence, wait)] {
      return bench.waker.wake(bench.vins[0], upstream::Bearer(token), patience);
    });
  }

  Event held_{};
  Event go_on_{};
  std::deque<Presence> presences_{};

 public:  // last: their threads use the rest
  std::future<Waking> leader{};
  std::vector<std::future<Waking>> followers{};
};

TEST_CASE("waker: ten callers at once are one wake_up") {
  Crowd crowd([](Crowd&) { return answered(200, kOnline); });
  CHECK_FALSE(crowd.leader.get().failure);
  CHECK(crowd.requests_of_followers() == 0);
  CHECK(crowd.bench.client.requests().size() == 1);
}

TEST_CASE("waker: a leader whose token is refused is alone with that, and the next one wakes the vehicle") {
  Crowd crowd([](Crowd&) { return answered(401); });
  CHECK(crowd.leader.get().failure.value().kind == Kind::upstream_error);
  CHECK(crowd.requests_of_followers() == 1);
  CHECK(crowd.wake_ups() == 2);
}

TEST_CASE("waker: a wake_up that may have got through is not sent again by those who waited for it") {
  for (const int status : {408, 499, 500, 503}) {
    CAPTURE(status);
    Crowd crowd([status](Crowd& its) {
      its.bench.clock.pass(std::chrono::seconds(9));  // which leaves the leader no time for a look
      return answered(status);
    });
    const auto late = crowd.leader.get();
    CHECK(late.failure.value().kind == Kind::upstream_error);
    CHECK(late.asked);
    crowd.bench.clock.pass(std::chrono::seconds(5));
    CHECK(crowd.requests_of_followers() == 1);
    CHECK(crowd.wake_ups() == 1);
  }
}

TEST_CASE("waker: those with the very token that was refused need not pay to hear it again") {
  Crowd crowd([](Crowd&) { return answered(429, "wait"); }, "leader");
  CHECK(crowd.leader.get().upstream_requests == 1);
  for (auto& follower : crowd.followers) {
    const auto waking = follower.get();
    CHECK(waking.failure.value().kind == Kind::upstream_error);
    CHECK(waking.fleet_api_answer.value().body == "wait");
    CHECK(waking.upstream_requests == 0);
  }
  CHECK(crowd.bench.client.requests().size() == 1);
}

TEST_CASE("waker: when the leader goes after its wake_up, the next one looks and sends no other") {
  Crowd crowd([](Crowd& its) {
    its.leader_presence.leave();
    its.bench.clock.pass(std::chrono::seconds(1));
    return answered(200, kAsleep);
  });
  CHECK(crowd.leader.get().failure.value().kind == Kind::expired_unsent);
  crowd.bench.clock.pass(std::chrono::seconds(5));
  CHECK(crowd.requests_of_followers() == 1);
  CHECK(crowd.wake_ups() == 1);
}

TEST_CASE("waker: when the leader's time runs out, likewise") {
  Crowd crowd([](Crowd& its) {
    its.bench.clock.pass(std::chrono::seconds(10));
    return answered(200, kAsleep);
  });
  const auto late = crowd.leader.get();
  CHECK(late.failure.value().kind == Kind::vehicle_unavailable);
  CHECK(late.asked);
  crowd.bench.clock.pass(std::chrono::seconds(5));
  CHECK(crowd.requests_of_followers() == 1);
  CHECK(crowd.wake_ups() == 1);
}

TEST_CASE("waker: a leader that fails in another way than with an answer leaves nobody behind") {
  Crowd crowd([](Crowd&) -> upstream::Answer { throw std::runtime_error("broken machinery"); });
  CHECK_THROWS_AS(crowd.leader.get(), std::runtime_error);
  CHECK(crowd.requests_of_followers() == 1);
}

TEST_CASE("waker: a follower that leaves, or whose time ends, ends its own wait alone") {
  Bench bench;
  Event held;
  Event go_on;
  bench.client.stand_between([&](const upstream::Request&) -> std::optional<upstream::Answer> {
    held.happen();
    CHECK(go_on.wait());
    return answered(200, kOnline);
  });
  const auto start = [&](Presence& presence, Duration wait) {
    return std::async(std::launch::async, [&bench, patience = bench.patience(presence, wait)] {
      return bench.waker.wake(bench.vins[0], upstream::Bearer("token"), patience);
    });
  };
  Presence here;
  Presence leaving;
  Presence hurried;
  auto leader = start(here, std::chrono::seconds(30));
  REQUIRE(held.wait());
  auto gone = start(leaving, std::chrono::seconds(30));
  auto late = start(hurried, std::chrono::seconds(5));
  REQUIRE(leaving.wait_for_looks(1));
  REQUIRE(hurried.wait_for_looks(1));
  leaving.leave();
  CHECK(gone.get().failure.value().kind == Kind::expired_unsent);
  bench.clock.pass(std::chrono::seconds(5));
  CHECK(late.get().failure.value().kind == Kind::vehicle_unavailable);
  go_on.happen();
  CHECK_FALSE(leader.get().failure);
}

}  // namespace
}  // namespace fleetsign::vehicles
