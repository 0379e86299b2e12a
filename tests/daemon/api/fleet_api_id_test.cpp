// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;

/// Of the first vehicle.
std::string path_by_id(const ApiBench& bench, const std::string& name) {
  const auto list = test::Json::parse(bench.send("GET", "/api/1/vehicles").body);
  return "/api/1/vehicles/" + list["response"][0]["id"].dump() + "/command/" + name;
}

TEST_CASE("fleet api id: a command is signed for the vehicle that has it, and the list is asked for once") {
  ApiBench bench;
  const auto path = path_by_id(bench, "honk_horn");
  bench.client.forget_requests();
  const auto first = ApiBench::json_of(bench.send("POST", path));
  CHECK(first.at("response").at("result") == true);
  CHECK(first.at("executed") == "yes");
  CHECK(first.at("upstream_requests") == 3);  // the list, a handshake, the command
  CHECK(bench.client.requests().back().url == "https://fleet.test/api/1/vehicles/" + bench.vin + "/signed_command");
  CHECK(ApiBench::json_of(bench.send("POST", path)).at("upstream_requests") == 1);
  CHECK(ApiBench::json_of(bench.command("honk_horn")).at("upstream_requests") == 1);
}

TEST_CASE("fleet api id: where it is known which vehicle it is, what is passed on goes on that vehicle's books") {
  ApiBench bench({}, {}, {.rates = {.data = 2, .wakes = 1}});
  const auto command = path_by_id(bench, "honk_horn");
  const auto by_id = command.substr(0, command.find("/command"));
  CHECK(bench.send("POST", by_id + "/wake_up").status == 200);  // not known yet, and not asked for
  CHECK(bench.send("POST", command).status == 200);
  bench.client.forget_requests();
  CHECK(bench.send("POST", by_id + "/wake_up").status == 200);
  CHECK(bench.client.requests().back().url == "https://fleet.test" + by_id + "/wake_up");
  CHECK(bench.send("GET", by_id + "/vehicle_data").status == 200);
  CHECK(bench.send("GET", by_id + "/release_notes").status != 429);
  CHECK(bench.client.requests().size() == 3);
  const auto by_vin = "/api/1/vehicles/" + bench.vin;
  CHECK(bench.send("POST", by_vin + "/wake_up").status == 429);
  CHECK(bench.send("GET", by_vin + "/vehicle_data").status == 429);
  const auto bills = bench.ledger.dearest(3);
  REQUIRE(bills.size() == 2);
  CHECK(bills[0].vehicle == bench.vin);
  CHECK(bills[0].bill.wakes.requests == 1);
  CHECK(bills[0].bill.data.requests == 2);
}

TEST_CASE("fleet api id: a command that Fleet API executes itself gets there by VIN, with its query") {
  ApiBench bench;
  const auto path = path_by_id(bench, "navigation_request");
  CHECK(bench.send("POST", path + "?a=1").status != 404);
  CHECK(bench.client.requests().back().url ==
        "https://fleet.test/api/1/vehicles/" + bench.vin + "/command/navigation_request?a=1");
}

TEST_CASE("fleet api id: a wrong parameter is refused before the list is asked for") {
  const ApiBench bench;
  const auto reply = bench.send("POST", "/api/1/vehicles/100021/command/set_charge_limit");
  CHECK(reply.status == 400);
  CHECK(bench.client.requests().empty());
}

TEST_CASE("fleet api id: one that the account does not have is not found, and nothing is sent to a vehicle") {
  const ApiBench bench;
  const auto reply = bench.send("POST", "/api/1/vehicles/7/command/honk_horn");
  CHECK(reply.status == 404);
  CHECK(ApiBench::error_code(reply) == "not_found");
  CHECK(ApiBench::json_of(reply).at("executed") == "no");
  CHECK(ApiBench::json_of(reply).at("upstream_requests") == 1);
  CHECK(bench.client.requests().size() == 1);
}

TEST_CASE("fleet api id: when the list is refused, the caller gets Fleet API's own answer") {
  ApiBench bench;
  bench.client.stand_between(
      [](const auto&) { return fleetsign::test::answered(401, "{\"error\":\"token expired\"}"); });
  const auto reply = bench.send("POST", "/api/1/vehicles/7/command/honk_horn");
  CHECK(reply.status == 401);
  CHECK(reply.body == "{\"error\":\"token expired\"}");
  CHECK(*reply.headers.find("Fleetsign-Executed") == "no");
  CHECK(*reply.headers.find("Fleetsign-Upstream-Requests") == "1");
}

TEST_CASE("fleet api id: under an Idempotency-Key, a list that fails leaves it unknown what was executed before") {
  ApiBench bench;
  bench.client.stand_between([](const auto&) { return fleetsign::test::answered(401, "{}"); });
  auto request = ApiBench::request("POST", "/api/1/vehicles/7/command/honk_horn");
  request.headers.add("Idempotency-Key", "once");
  CHECK(*bench.api.handle(request).headers.find("Fleetsign-Executed") == "unknown");
}

TEST_CASE("fleet api id: an action takes a VIN only, though it be all digits") {
  const ApiBench bench({.action_endpoint = true});
  const std::string action = R"({"vehicleAction": {"vehicleControlHonkHornAction": {}}})";
  static_cast<void>(bench.send("POST", "/fleetsign/v1/vehicles/12345678901234567/action", action));
  for (const auto& request : bench.client.requests()) CHECK(request.url.find("?page=") == std::string::npos);
}

}  // namespace
}  // namespace fleetsign::api
