// SPDX-License-Identifier: Apache-2.0
// Commands to a vehicle that sleeps.
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace test;
using fleetsign::test::answered;

constexpr const char* kOnline = R"({"response":{"state":"online"}})";
const std::string kUnavailable = R"({"response":null,"error":"vehicle unavailable: vehicle is offline or asleep"})";

bool is_wake_up(const upstream::Request& request) {
  return request.url.ends_with("/wake_up");
}

TEST_CASE("commander: a vehicle that sleeps is woken when that is asked for, and the command sent again, once") {
  Bench bench;
  bench.client.stand_between([&](const upstream::Request& request) -> std::optional<upstream::Answer> {
    if (!is_wake_up(request)) return std::nullopt;
    CHECK(bench.fleet.handle({.method = "DELETE", .path = "/sim/v1/vehicles/" + bench.vins[0] + "/faults"}).status ==
          200);
    return answered(200, kOnline);
  });
  bench.client.order(bench.vins[0], {{"fault", "asleep"}});
  CHECK(to_text(bench.commander.execute(bench.order("honk_horn")).outcome) == "vehicle_unavailable no");
  auto order = bench.order("honk_horn");
  order.wake = true;
  const auto report = bench.commander.execute(order);
  CHECK(to_text(report.outcome) == "accepted yes");
  CHECK(bench.executed() == 1);
  REQUIRE(report.waking);
  CHECK_FALSE(report.waking->failure);
  CHECK(report.upstream_requests == 4);  // a handshake in vain, wake_up, a handshake, the command
  const auto awake = bench.commander.execute(order);
  CHECK_FALSE(awake.waking);
  CHECK(awake.upstream_requests == 1);
}

TEST_CASE("commander: what a refused wake_up means for the command: nothing was executed") {
  Bench bench;
  bench.client.order(bench.vins[0], {{"fault", "asleep"}});
  for (const int status : {401, 429}) {
    bench.client.stand_between([status](const upstream::Request& request) -> std::optional<upstream::Answer> {
      return is_wake_up(request) ? std::optional(answered(status)) : std::nullopt;
    });
    auto order = bench.order("honk_horn");
    order.wake = true;
    const auto report = bench.commander.execute(order);
    CHECK(to_text(report.outcome) == "upstream_error no");
    REQUIRE(report.fleet_api_answer);
    CHECK(report.fleet_api_answer->status == status);
  }
}

TEST_CASE("commander: after doubt nobody is woken") {
  Bench bench;
  CHECK(to_text(bench.commander.execute(bench.order("door_lock")).outcome) == "accepted yes");
  bench.client.order(bench.vins[0], {{"fault", "timeout"}});  // of which a lock may be repeated
  bench.client.forget_requests();
  bench.client.stand_between([&](const upstream::Request&) -> std::optional<upstream::Answer> {
    if (bench.client.requests().size() < 2) return std::nullopt;
    return answered(408, kUnavailable);
  });
  Presence caller;
  auto order = bench.order("door_lock", caller);
  order.wake = true;
  auto running = std::async(std::launch::async, [&] { return bench.commander.execute(order); });
  REQUIRE(caller.wait_for_looks(2));  // it pauses before the repeat
  bench.clock.pass(std::chrono::seconds(2));
  const auto report = running.get();
  CHECK(to_text(report.outcome).ends_with(" unknown"));
  CHECK_FALSE(report.waking);
  CHECK(bench.client.requests().size() == 2);
}

}  // namespace
}  // namespace fleetsign::vehicles
