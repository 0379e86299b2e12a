// SPDX-License-Identifier: Apache-2.0
// Many first commands at once: they share one handshake, but only its success.
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
using fleetsign::test::is_handshake;
using fleetsign::test::lost;
using fleetsign::test::token_of;

constexpr int kFollowers = 9;
/// Once by the commander, before its first step, and again while it waits.
constexpr int kLooksOfOneThatWaits = 2;

/// A leader whose handshake is held until nine others wait for it, each with a token of its own.
class Crowd {
 public:
  /// What becomes of the leader's handshakes; nothing: they reach the vehicle.
  using Fate = std::function<std::optional<upstream::Answer>(Crowd&)>;

  explicit Crowd(Fate fate, Duration leaders_patience = std::chrono::seconds(10)) {
    bench.client.stand_between(
        [this, fate = std::move(fate)](const upstream::Request& request) -> std::optional<upstream::Answer> {
          if (token_of(request) != "leader" || !is_handshake(request)) return std::nullopt;
          held_.happen();
          CHECK(go_on_.wait());
          return fate(*this);
        });
    leader_ = start(leader_presence, "leader", leaders_patience);
    REQUIRE(held_.wait());
    for (int i = 0; i < kFollowers; ++i) {
      followers_.push_back(start(presences_.emplace_back(), "follower" + std::to_string(i), std::chrono::seconds(30)));
    }
    for (auto& presence : presences_) REQUIRE(presence.wait_for_looks(kLooksOfOneThatWaits));
    CHECK(bench.client.requests().size() == 1);
  }

  /// Lets it go on. The others must then succeed; how many requests they have made.
  int follow() {
    go_on_.happen();
    int requests = 0;
    for (auto& follower : followers_) {
      const auto its = follower.get();
      CHECK(to_text(its.outcome) == "accepted yes");
      requests += its.upstream_requests;
    }
    return requests;
  }
  Report leader() { return leader_.get(); }

  /// Both; the others must succeed with one request each and these handshakes. The leader's report.
  Report finish(int handshakes_of_followers) {
    CHECK(follow() == kFollowers + handshakes_of_followers);
    return leader();
  }

  Bench bench{};
  Presence leader_presence{};

 private:
  std::future<Report> start(Presence& presence, const std::string& token, Duration wait) {
    auto order = bench.order("honk_horn", presence, token);
    order.patience.deadline = bench.clock.now() + wait;
    return std::async(std::launch::async, [this, order = std::move(order)] { return bench.commander.execute(order); });
  }

  Event held_{};
  Event go_on_{};
  std::deque<Presence> presences_{};
  std::future<Report> leader_{};
  std::vector<std::future<Report>> followers_{};
};

TEST_CASE("handshake: ten first commands at once share one") {
  Crowd crowd([](Crowd&) { return std::nullopt; });
  const auto leader = crowd.finish(0);
  CHECK(to_text(leader.outcome) == "accepted yes");
  CHECK(leader.upstream_requests == 2);
  CHECK(crowd.bench.handshakes() == 1);
  CHECK(crowd.bench.executed() == 10);
}

TEST_CASE("handshake: what Fleet API says to the leader's token is the leader's own") {
  for (const int status : {401, 403, 429}) {
    CAPTURE(status);
    Crowd crowd([status](Crowd&) { return answered(status, "not you"); });
    const auto leader = crowd.finish(1);
    CHECK(to_text(leader.outcome) == "upstream_error no");
    REQUIRE(leader.fleet_api_answer);
    CHECK(leader.fleet_api_answer->status == status);
    CHECK(crowd.bench.handshakes() == 1);
    CHECK(crowd.bench.executed() == 9);
    // No one but the leader asked with the leader's token.
    int with_leaders_token = 0;
    for (const auto& request : crowd.bench.client.requests())
      with_leaders_token += token_of(request) == "leader" ? 1 : 0;
    CHECK(with_leaders_token == 1);
  }
}

TEST_CASE("handshake: the leader's deadline is its own") {
  Crowd crowd([](Crowd& here) {
    here.bench.clock.pass(std::chrono::seconds(11));
    return lost();
  });
  CHECK(to_text(crowd.finish(1).outcome) == "no_reply no");
  CHECK(crowd.bench.executed() == 9);
}

TEST_CASE("handshake: one that is not answered holds nobody up for longer than its answer would be of use") {
  int tries = 0;
  Crowd crowd(
      [&tries](Crowd& here) -> std::optional<upstream::Answer> {
        if (++tries > 1) return std::nullopt;
        const auto due = here.bench.client.requests().at(0).deadline;
        CHECK(due == here.bench.clock.now() + protocol::Session::kMaxLatency);
        here.bench.clock.pass(due - here.bench.clock.now());
        return lost();
      },
      std::chrono::seconds(60));
  // Either the leader's second try or a follower opens the session then.
  const int requests = crowd.follow();
  const auto leader = crowd.leader();
  CHECK(to_text(leader.outcome) == "accepted yes");
  CHECK(leader.upstream_requests + requests == 1 + 1 + 1 + kFollowers);
  CHECK(crowd.bench.handshakes() == 1);
  CHECK(crowd.bench.executed() == 10);
}

TEST_CASE("handshake: one that fails costs its own domain, and the other domain's session not even a request") {
  for (const auto& failure : {answered(503), answered(200, "{}"), lost()}) {
    Bench bench;
    REQUIRE(bench.commander.execute(bench.order("honk_horn")).outcome);
    bench.client.stand_between([&](const upstream::Request& request) {
      return is_handshake(request) ? std::optional(failure) : std::nullopt;
    });
    CHECK_FALSE(bench.commander.execute(bench.order("door_lock")).outcome);
    const auto report = bench.commander.execute(bench.order("honk_horn"));
    CHECK(to_text(report.outcome) == "accepted yes");
    CHECK(report.upstream_requests == 1);
  }
}

TEST_CASE("handshake: the leader's disconnect is its own") {
  Crowd crowd([](Crowd& here) {
    here.leader_presence.leave();
    return lost();
  });
  CHECK(to_text(crowd.finish(1).outcome) == "no_reply no");
  CHECK(crowd.bench.executed() == 9);
}

TEST_CASE("handshake: a leader that breaks down takes nobody with it") {
  Crowd crowd([](Crowd&) -> std::optional<upstream::Answer> { throw std::runtime_error("broken"); });
  CHECK_THROWS_AS((void)crowd.finish(1), std::runtime_error);
}

}  // namespace
}  // namespace fleetsign::vehicles
