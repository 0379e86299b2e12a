// SPDX-License-Identifier: Apache-2.0
// One caller that has a vehicle woken.
#include "daemon/vehicles/waker.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace test;
using fleetsign::test::answered;
using fleetsign::test::lost;
using fleetsign::test::unreachable;
using protocol::Kind;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

constexpr const char* kAsleep = R"({"response":{"state":"asleep"}})";
constexpr const char* kOnline = R"({"response":{"state":"online"}})";
const std::string kUnavailable = R"({"response":null,"error":"vehicle unavailable: vehicle is offline or asleep"})";

/// Fleet API as a list of answers, and a caller for whom time passes whenever it is asked whether it is there.
class Script {
 public:
  explicit Script(std::vector<upstream::Answer> answers, Duration step = 500ms)
      : answers_(std::move(answers)), step_(step) {
    bench.client.stand_between([this](const upstream::Request&) -> std::optional<upstream::Answer> {
      times.push_back(bench.clock.now());
      REQUIRE(next_ < answers_.size());
      return answers_[next_++];
    });
  }

  Waking wake(Duration wait = 60s) {
    const Patience patience{.deadline = bench.clock.now() + wait, .caller_gone = [this] {
                              bench.clock.pass(step_);
                              return false;
                            }};
    return bench.waker.wake(bench.vins[0], upstream::Bearer("token"), patience);
  }

  Bench bench{};
  std::vector<Instant> times{};  // of the requests

 private:
  std::vector<upstream::Answer> answers_;
  Duration step_;
  std::size_t next_ = 0;
};

Kind kind_of(const Waking& waking) {
  REQUIRE(waking.failure);
  return waking.failure->kind;
}

TEST_CASE("waker: a vehicle that is online by wake_up's own answer is not looked at") {
  Script script({answered(200, kOnline)});
  const auto waking = script.wake();
  CHECK_FALSE(waking.failure);
  CHECK(waking.asked);
  CHECK(waking.wakes == 1);
  CHECK(waking.upstream_requests == 1);
  const auto request = script.bench.client.requests().at(0);
  CHECK(request.method == "POST");
  CHECK(request.url == "https://fleet.test/api/1/vehicles/" + script.bench.vins[0] + "/wake_up");
}

TEST_CASE("waker: of an answer no more than a mebibyte is taken") {
  Script script({answered(200, kAsleep), answered(200, kOnline)});
  CHECK_FALSE(script.wake().failure);
  for (const auto& request : script.bench.client.requests()) CHECK(request.reply_bytes == 1024 * 1024);
}

TEST_CASE("waker: one wake_up, then looks with growing pauses, the first after a second") {
  Script script({answered(200, kAsleep), answered(200, kAsleep), answered(408, kUnavailable), answered(200, "[]"),
                 answered(200, kAsleep), answered(200, kOnline)},
                1s);
  const auto waking = script.wake();
  CHECK_FALSE(waking.failure);
  CHECK(waking.wakes == 1);
  CHECK(waking.upstream_requests == 6);
  const std::vector<Duration> pauses{1s, 2s, 4s, 5s, 5s};
  for (std::size_t i = 0; i < pauses.size(); ++i) {
    CAPTURE(i);
    const auto request = script.bench.client.requests().at(i + 1);
    CHECK(request.method == "GET");
    CHECK(request.url == "https://fleet.test/api/1/vehicles/" + script.bench.vins[0]);
    const auto pause = script.times[i + 1] - script.times[i];
    CHECK(pause >= pauses[i]);
    CHECK(pause < pauses[i] + 3s);
  }
}

TEST_CASE("waker: a vehicle that does not wake in time is unavailable, and looked at until shortly before the end") {
  Script script({answered(200, kAsleep), answered(200, kAsleep), answered(200, kAsleep)});
  const auto deadline = script.bench.clock.now() + 5s;
  const auto waking = script.wake(5s);
  CHECK(kind_of(waking) == Kind::vehicle_unavailable);
  CHECK(waking.failure->message == "the vehicle did not wake in time");
  CHECK(waking.failure->hint.find("Prefer: wait=60") != std::string::npos);
  CHECK(waking.asked);
  CHECK(script.times.size() == 3);
  CHECK(script.times.back() < deadline);
}

TEST_CASE("waker: what Fleet API refuses is its own answer, of wake_up as of a look") {
  for (const int status : {401, 403, 404, 429}) {
    for (const bool at_a_look : {false, true}) {
      CAPTURE(status);
      CAPTURE(at_a_look);
      Script script(at_a_look ? std::vector{answered(200, kAsleep), answered(status, "no")}
                              : std::vector{answered(status, "no")});
      const auto waking = script.wake();
      CHECK(kind_of(waking) == Kind::upstream_error);
      REQUIRE(waking.fleet_api_answer);
      CHECK(waking.fleet_api_answer->status == status);
      CHECK(waking.asked == at_a_look);
      CHECK(waking.upstream_requests == (at_a_look ? 2 : 1));
    }
  }
}

TEST_CASE("waker: a wake_up that was lost, or met trouble, may have got through, and is not sent again") {
  for (const auto& answer : {lost(), answered(408), answered(499), answered(500), answered(503)}) {
    Script script({answer, answered(200, kOnline)});
    const auto waking = script.wake();
    CHECK_FALSE(waking.failure);
    CHECK(waking.wakes == 1);
    CHECK(waking.upstream_requests == 2);
  }
}

TEST_CASE("waker: trouble with a look passes; where it lasts, it is told") {
  Script passing({answered(200, kAsleep), answered(503), lost(), answered(200, kOnline)}, 1s);
  CHECK_FALSE(passing.wake().failure);

  Script lasting({answered(200, kAsleep), answered(503), answered(503)});
  const auto waking = lasting.wake(5s);
  CHECK(kind_of(waking) == Kind::upstream_error);
  CHECK(waking.fleet_api_answer->status == 503);

  Script losing({answered(200, kAsleep), lost(), lost()});
  const auto unheard = losing.wake(5s);
  CHECK(kind_of(unheard) == Kind::vehicle_unavailable);
  CHECK(unheard.failure->message == "the vehicle did not wake in time; waking the vehicle: the connection was closed");
}

TEST_CASE("waker: what never left is no request, and leaves the budget as it was") {
  Bench bench;
  WakeBudget budget(1, [] { return std::int64_t{0}; });
  Waker waker(bench.fleet_api, budget, bench.rates, bench.clock.as_function());
  const upstream::Bearer token("token");
  bench.client.stand_between([](const auto&) { return unreachable(); });
  const auto failed = waker.wake(bench.vins[0], token, bench.patience());
  CHECK(kind_of(failed) == Kind::unreachable);
  CHECK(failed.wakes + failed.upstream_requests == 0);
  bench.client.stand_between([](const auto&) { return answered(200, kOnline); });
  CHECK_FALSE(waker.wake(bench.vins[0], token, bench.patience()).failure);
  bench.client.forget_requests();
  CHECK(kind_of(waker.wake(bench.vins[0], token, bench.patience())) == Kind::local_budget);
  CHECK(bench.client.requests().empty());
}

TEST_CASE("waker: in a minute only so many wake_up requests go out, and a day's budget is not spent on a refusal") {
  Bench bench;
  WakeBudget budget(2, [] { return std::int64_t{0}; });
  RateLimiter rates({.wakes = 1}, bench.clock.as_function());
  Waker waker(bench.fleet_api, budget, rates, bench.clock.as_function());
  const upstream::Bearer token("token");
  bench.client.stand_between([](const auto&) { return unreachable(); });
  CHECK(kind_of(waker.wake(bench.vins[0], token, bench.patience())) == Kind::unreachable);
  bench.client.stand_between([](const auto&) { return answered(200, kOnline); });
  CHECK_FALSE(waker.wake(bench.vins[0], token, bench.patience()).failure);
  bench.client.forget_requests();
  const auto refused = waker.wake(bench.vins[0], token, bench.patience());
  CHECK(kind_of(refused) == Kind::local_rate);
  CHECK(refused.failure->retry_after == 60);
  CHECK_FALSE(refused.asked);
  CHECK(bench.client.requests().empty());
  bench.clock.pass(60s);
  CHECK_FALSE(waker.wake(bench.vins[0], token, bench.patience()).failure);
  bench.clock.pass(60s);
  CHECK(kind_of(waker.wake(bench.vins[0], token, bench.patience())) == Kind::local_budget);
}

TEST_CASE("waker: what Fleet API refuses leaves the budget as it was; what may have woken the vehicle does not") {
  Bench bench;
  WakeBudget budget(1, [] { return std::int64_t{0}; });
  Waker waker(bench.fleet_api, budget, bench.rates, bench.clock.as_function());
  const upstream::Bearer token("token");
  for (const int status : {401, 403, 404, 429}) {
    bench.client.stand_between([status](const auto&) { return answered(status); });
    CHECK(kind_of(waker.wake(bench.vins[0], token, bench.patience())) == Kind::upstream_error);
  }
  bench.client.stand_between([&](const auto&) {
    bench.clock.pass(10s);  // no time is left to look
    return answered(503);
  });
  CHECK(kind_of(waker.wake(bench.vins[0], token, bench.patience())) == Kind::upstream_error);
  CHECK(kind_of(waker.wake(bench.vins[0], token, bench.patience())) == Kind::local_budget);
}

TEST_CASE("waker: for a caller that has gone, or with less than a second to go, nothing is sent") {
  Bench bench;
  Presence caller;
  caller.leave();
  const upstream::Bearer token("token");
  CHECK(kind_of(bench.waker.wake(bench.vins[0], token, bench.patience(caller))) == Kind::expired_unsent);
  const auto late = bench.waker.wake(bench.vins[0], token, bench.patience(999ms));
  CHECK(kind_of(late) == Kind::vehicle_unavailable);
  CHECK_FALSE(late.asked);
  CHECK(bench.client.requests().empty());
}

}  // namespace
}  // namespace fleetsign::vehicles
