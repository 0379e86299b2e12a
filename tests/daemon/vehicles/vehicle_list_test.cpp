// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/vehicle_list.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using fleetsign::test::answered;
using fleetsign::test::lost;
using protocol::Duration;
using protocol::Instant;
using protocol::Kind;
using test::Bench;

const upstream::Bearer kToken{"token"};

/// A page of a list with one vehicle, and whether another page follows.
std::string page(const std::string& id, const std::string& vin, const std::string& next = "null") {
  return R"({"response":[{"id":)" + id + R"(,"vin":")" + vin + R"("}],"pagination":{"next":)" + next + "}}";
}

TEST_CASE("vehicle list: an id is found by one request, and again without one") {
  Bench bench(3);
  const auto listed = nlohmann::json::parse(
      std::get<upstream::Delivered>(
          bench.fleet_api.send({.method = "GET", .target = "/api/1/vehicles", .deadline = Instant::max()}, kToken))
          .body);
  const auto id = listed["response"][1]["id"].dump();
  VehicleList list(bench.fleet_api, bench.clock.as_function());
  const auto first = list.find(id, kToken, bench.patience());
  REQUIRE(first.vin);
  CHECK(*first.vin == bench.vins[1]);
  CHECK(first.upstream_requests == 1);
  const auto again = list.find(id, kToken, bench.patience());
  CHECK(*again.vin == bench.vins[1]);
  CHECK(again.upstream_requests == 0);
}

TEST_CASE("vehicle list: what is at hand is known without a request, for its token and as long as it is kept") {
  Bench bench;
  bench.client.stand_between([](const auto&) { return answered(200, page("7", "5YJ3E1EA7KF000316")); });
  VehicleList list(bench.fleet_api, bench.clock.as_function());
  CHECK_FALSE(list.known("7", kToken));
  CHECK(bench.client.requests().empty());
  (void)list.find("7", kToken, bench.patience());
  CHECK(list.known("7", kToken) == "5YJ3E1EA7KF000316");
  CHECK_FALSE(list.known("8", kToken));
  CHECK_FALSE(list.known("7", upstream::Bearer("other")));
  bench.clock.pass(VehicleList::kKept);
  CHECK_FALSE(list.known("7", kToken));
  CHECK(bench.client.requests().size() == 1);
}

TEST_CASE("vehicle list: a list is asked for again after a day") {
  Bench bench;
  bench.client.stand_between([](const auto&) { return answered(200, page("7", "5YJ3E1EA7KF000316")); });
  VehicleList list(bench.fleet_api, bench.clock.as_function());
  CHECK(list.find("7", kToken, bench.patience()).upstream_requests == 1);
  bench.clock.pass(VehicleList::kKept - Duration(1));
  CHECK(list.find("7", kToken, bench.patience()).upstream_requests == 0);
  bench.clock.pass(Duration(1));
  CHECK(list.find("7", kToken, bench.patience()).upstream_requests == 1);
}

TEST_CASE("vehicle list: an id that is not in it is refused without a request for a minute") {
  Bench bench;
  VehicleList list(bench.fleet_api, bench.clock.as_function());
  const auto unknown = list.find("12345678901234567890", kToken, bench.patience());
  REQUIRE(!unknown.vin);
  CHECK(unknown.vin.error().kind == Kind::not_found);
  CHECK(unknown.upstream_requests == 1);
  bench.clock.pass(VehicleList::kMissKept - Duration(1));
  CHECK(list.find("12345678901234567890", kToken, bench.patience()).upstream_requests == 0);
  bench.clock.pass(Duration(1));
  CHECK(list.find("12345678901234567890", kToken, bench.patience()).upstream_requests == 1);
}

TEST_CASE("vehicle list: the lists of two accounts do not mix") {
  Bench bench;
  bench.client.stand_between([](const upstream::Request& request) {
    return answered(200, fleetsign::test::token_of(request) == "mine" ? page("7", "5YJ3E1EA7KF000316")
                                                                      : page("8", "5YJ3E1EA7KF000317"));
  });
  VehicleList list(bench.fleet_api, bench.clock.as_function());
  CHECK(list.find("7", upstream::Bearer("mine"), bench.patience()).vin);
  CHECK(!list.find("7", upstream::Bearer("yours"), bench.patience()).vin);
  CHECK(list.find("7", upstream::Bearer("mine"), bench.patience()).upstream_requests == 0);
}

TEST_CASE("vehicle list: pages are followed, and numbers of 64 bits are exact") {
  Bench bench;
  bench.client.stand_between([](const upstream::Request& request) {
    const bool is_first = request.url.ends_with("?page=1");
    return answered(200,
                    is_first ? page("1", "5YJ3E1EA7KF000316", "2") : page("18446744073709551615", "5YJ3E1EA7KF000317"));
  });
  VehicleList list(bench.fleet_api, bench.clock.as_function());
  const auto found = list.find("18446744073709551615", kToken, bench.patience());
  REQUIRE(found.vin);
  CHECK(*found.vin == "5YJ3E1EA7KF000317");
  CHECK(found.upstream_requests == 2);
  CHECK(list.find("1", kToken, bench.patience()).upstream_requests == 0);
}

TEST_CASE("vehicle list: pages without an end are not followed for ever") {
  Bench bench;
  bench.client.stand_between([](const auto&) { return answered(200, page("1", "5YJ3E1EA7KF000316", "2")); });
  VehicleList list(bench.fleet_api, bench.clock.as_function());
  const auto found = list.find("2", kToken, bench.patience());
  CHECK(!found.vin);
  CHECK(found.upstream_requests == VehicleList::kPages);
}

TEST_CASE("vehicle list: a list that fails is told as it is, and not remembered") {
  Bench bench;
  VehicleList list(bench.fleet_api, bench.clock.as_function());
  struct Row {
    upstream::Answer answer;
    Kind kind;
    bool is_fleet_apis;
  };
  for (const auto& row : {Row{answered(401, "{}"), Kind::upstream_error, true}, Row{lost(), Kind::no_reply, false},
                          Row{fleetsign::test::unreachable(), Kind::unreachable, false},
                          Row{answered(200, "<html>"), Kind::upstream_malformed, false}}) {
    bench.client.stand_between([&](const auto&) { return row.answer; });
    const auto found = list.find("7", kToken, bench.patience());
    REQUIRE(!found.vin);
    CHECK(found.vin.error().kind == row.kind);
    CHECK(found.vin.error().was_executed() == protocol::Executed::no);
    CHECK(found.fleet_api_answer.has_value() == row.is_fleet_apis);
  }
}

}  // namespace
}  // namespace fleetsign::vehicles
