// SPDX-License-Identifier: Apache-2.0
// Repeats that come while the first request is under way.
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "tests/daemon/api/keyed.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::check_failure;
using test::is_replayed;
using test::keyed;

/// Lets requests to Fleet API wait until they are told to go on.
class Gate {
 public:
  Gate(ApiBench& bench, upstream::Answer answer) {
    bench.client.stand_between([this, answer = std::move(answer)](const upstream::Request&) {
      if (!reached_once_.test_and_set()) reached_.set_value();
      opened_.wait_for(std::chrono::seconds(60));
      return std::optional(answer);
    });
  }
  void wait_until_reached() {
    REQUIRE(reached_.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  }
  void open() { open_.set_value(); }

 private:
  std::atomic_flag reached_once_{};
  std::promise<void> reached_{};
  std::promise<void> open_{};
  std::shared_future<void> opened_{open_.get_future().share()};
};

std::future<http::Reply> handle_elsewhere(const ApiBench& bench, http::Request request) {
  return std::async(std::launch::async, [&bench, request = std::move(request)] { return bench.api.handle(request); });
}

TEST_CASE("idempotency: a repeat waits for the first and gets its answer; another request does not wait") {
  ApiBench bench;
  Gate gate(bench, fleetsign::test::answered(200, "done"));
  auto first = handle_elsewhere(bench, keyed(bench, "k", "share"));
  gate.wait_until_reached();
  auto repeat = handle_elsewhere(bench, keyed(bench, "k", "share"));
  check_failure(bench.api.handle(keyed(bench, "k", "share", "{}")), 422, "idempotency_conflict", "no");
  auto impatient = keyed(bench, "k", "share");
  impatient.age = std::chrono::seconds(60);
  const auto early = bench.api.handle(impatient);
  check_failure(early, 504, "no_reply", "unknown");
  CHECK(ApiBench::json_of(early).at("error").get<std::string>().find("still under way") != std::string::npos);
  CHECK_FALSE(is_replayed(early));

  gate.open();
  CHECK_FALSE(is_replayed(first.get()));
  const auto replayed = repeat.get();
  CHECK(replayed.body == "done");
  CHECK(is_replayed(replayed));
  CHECK(bench.client.requests().size() == 1);
}

TEST_CASE("idempotency: a repeat that waits takes over when the first was not executed") {
  ApiBench bench;
  Gate gate(bench, fleetsign::test::answered(429));
  auto first = handle_elsewhere(bench, keyed(bench, "k", "share"));
  gate.wait_until_reached();
  auto repeat = handle_elsewhere(bench, keyed(bench, "k", "share"));
  gate.open();
  CHECK(first.get().status == 429);
  const auto second = repeat.get();
  CHECK(second.status == 429);
  CHECK_FALSE(is_replayed(second));
  CHECK(bench.client.requests().size() == 2);
  CHECK(bench.claims.size() == 0);
}

TEST_CASE("idempotency: of many at once one is carried out") {
  ApiBench bench;
  std::vector<std::future<http::Reply>> all;
  for (int i = 0; i < 10; ++i) all.push_back(handle_elsewhere(bench, keyed(bench, "k")));
  std::set<std::string> bodies;
  int replayed = 0;
  for (auto& one : all) {
    const auto reply = one.get();
    bodies.insert(reply.body);
    if (is_replayed(reply)) ++replayed;
  }
  CHECK(bodies.size() == 1);
  CHECK(replayed == 9);
  CHECK(bench.client.report(bench.vin).at("executed_total") == 1);
  CHECK(ApiBench::json_of(bench.send("GET", "/fleetsign/v1/status")).at("idempotency_keys") == 1);
  CHECK(bench.send("GET", "/metrics").body.find("fleetsign_repeats_total{outcome=\"replayed\"} 9\n") !=
        std::string::npos);
}

}  // namespace
}  // namespace fleetsign::api
