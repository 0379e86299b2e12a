// SPDX-License-Identifier: Apache-2.0
// Callers' rules, confirmations, rates and budgets, on the way of a request. All callers here have those of "*".
#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/api/keyed.h"

namespace fleetsign::api {
namespace {

using config::CallerEntry;
using fleetsign::test::answered;
using fleetsign::test::unreachable;
using test::ApiBench;
using test::check_failure;
using test::House;
using test::keyed;

House rules(CallerEntry entry, std::vector<std::string> confirm = {}) {
  entry.name = "*";
  return {.callers = {std::move(entry)}, .confirm = std::move(confirm)};
}

House allowing(std::vector<std::string> names) {
  return rules({.allow = std::move(names)});
}

/// The first vehicle's number at Fleet API.
std::string id_in(const ApiBench& without_rules) {
  const auto list = test::Json::parse(without_rules.send("GET", "/api/1/vehicles").body);
  return list["response"][0]["id"].dump();
}

http::Reply confirmed(const ApiBench& bench, const std::string& path, const std::string& confirmation) {
  auto request = ApiBench::request("POST", path);
  request.headers.add("X-Confirm", confirmation);
  return bench.api.handle(request);
}

TEST_CASE("policy: what is allowed is done, anything else is refused before anything is sent") {
  ApiBench bench({.auto_wake = false, .action_endpoint = true}, {}, allowing({"charging"}));
  CHECK(bench.command("charge_start").status == 200);
  bench.client.forget_requests();
  const std::string vehicle = "/api/1/vehicles/" + bench.vin;
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"POST", bench.command_path("door_unlock")},
      {"POST", bench.command_path("wake_up")},
      {"POST", bench.command_path("unheard_of")},
      {"POST", bench.command_path("charge_start") + "?wake=true"},
      {"POST", bench.command_path("door_unlock") + "?dry_run=true"},
      {"POST", vehicle + "/command/%64oor_unlock"},
      {"POST", vehicle + "/command/door_unlock/"},
      {"POST", vehicle + "/wake_up"},
      {"POST", vehicle + "/signed_command"},
      {"GET", vehicle + "/vehicle_data"},
      {"GET", "/api/1/vehicles"},
      {"POST", "/api/1/vehicles/fleet_telemetry_config"},
      {"POST", "/fleetsign/v1/vehicles/" + bench.vin + "/action"},
      {"GET", "/fleetsign/v1/vehicles/" + bench.vin + "/diagnosis"},
      {"DELETE", "/fleetsign/v1/vehicles/" + bench.vin + "/sessions"},
      {"GET", "/fleetsign/v1/status"},
      {"GET", "/metrics"},
      {"POST", "/api/1/partner_accounts"},
  };
  for (const auto& each : refused) {
    CAPTURE(each.second);
    check_failure(bench.send(each.first, each.second, "{}"), 403, "not_allowed", "no");
  }
  CHECK(bench.client.requests().empty());
  CHECK(bench.send("GET", "/openapi.json").status == 200);
  CHECK(bench.send("GET", "/health").status == 200);
}

TEST_CASE("policy: a refused command has cost nothing, and says so") {
  ApiBench bench({}, {}, allowing({"charging"}));
  CHECK(ApiBench::json_of(bench.command("door_unlock")).at("upstream_requests") == 0);
}

TEST_CASE("policy: vehicles are judged by VIN, however a command names them") {
  const ApiBench probe;
  ApiBench mine({}, {}, rules({.vehicles = {{probe.vin}}}));
  const auto by_id = "/api/1/vehicles/" + id_in(probe) + "/command/honk_horn";
  CHECK(mine.command("honk_horn").status == 200);
  CHECK(mine.send("POST", by_id).status == 200);

  ApiBench other({}, {}, rules({.vehicles = {{"5YJS0000000000009"}}}));
  check_failure(other.command("honk_horn"), 403, "not_allowed", "no");
  CHECK(other.client.requests().empty());
  const auto refused = other.send("POST", by_id);
  check_failure(refused, 403, "not_allowed", "no");
  CHECK(ApiBench::json_of(refused).at("upstream_requests") == 1);  // the list of vehicles
  CHECK(other.client.requests().size() == 1);
}

TEST_CASE("policy: beside commands, who has a list of vehicles names them by VIN, or by a number that is known") {
  const ApiBench probe;
  ApiBench bench({}, {}, rules({.vehicles = {{probe.vin}}}));
  const auto id = id_in(probe);
  CHECK(probe.send("GET", "/api/1/vehicles/" + id + "/vehicle_data").status == 200);
  CHECK(bench.send("GET", "/api/1/vehicles/" + bench.vin + "/vehicle_data").status == 200);
  check_failure(bench.send("GET", "/api/1/vehicles/" + id + "/vehicle_data"), 403, "not_allowed", "no");
  check_failure(bench.send("POST", "/api/1/vehicles/" + id + "/wake_up"), 403, "not_allowed", "no");
  check_failure(bench.send("GET", "/api/1/vehicles/5YJS0000000000009/vehicle_data"), 403, "not_allowed", "no");
  // Once the list is known, the number is as good as the VIN.
  CHECK(bench.send("POST", "/api/1/vehicles/" + id + "/command/honk_horn").status == 200);
  CHECK(bench.send("GET", "/api/1/vehicles/" + id + "/vehicle_data").status == 200);
}

TEST_CASE("policy: a telemetry configuration is for all its vehicles, or for none") {
  const ApiBench probe;
  ApiBench bench({}, {}, rules({.vehicles = {{probe.vin}}}));
  const auto configure = [&](const std::string& vins) {
    return bench.send("POST", "/api/1/vehicles/fleet_telemetry_config",
                      R"({"vins": [)" + vins + R"(], "config": {"hostname": "h", "ca": "c", "fields": {}}})");
  };
  check_failure(configure("\"" + bench.vin + R"(", "5YJS0000000000009")"), 403, "not_allowed", "no");
  CHECK(bench.client.requests().empty());
  CHECK(configure("\"" + bench.vin + "\"").status != 403);
}

TEST_CASE("confirmation: without it a command is refused, with it carried out, and Fleet API never sees it") {
  ApiBench bench({}, {}, rules({}, {"unlock", "remote_boombox"}));
  check_failure(bench.command("door_unlock"), 428, "confirmation_required", "no");
  check_failure(confirmed(bench, bench.command_path("door_unlock"), "honk_horn"), 428, "confirmation_required", "no");
  CHECK(bench.client.requests().empty());
  CHECK(confirmed(bench, bench.command_path("door_unlock"), "door_unlock").status == 200);
  CHECK(bench.command("honk_horn").status == 200);
  static_cast<void>(confirmed(bench, bench.command_path("remote_boombox"), "remote_boombox"));  // is forwarded
  for (const auto& request : bench.client.requests()) CHECK(request.headers.find("X-Confirm") == nullptr);
}

TEST_CASE("confirmation: two are none") {
  ApiBench bench({}, {}, rules({}, {"door_unlock"}));
  auto request = ApiBench::request("POST", bench.command_path("door_unlock"));
  request.headers.add("X-Confirm", "door_unlock");
  request.headers.add("X-Confirm", "honk_horn");
  check_failure(bench.api.handle(request), 428, "confirmation_required", "no");
}

TEST_CASE("rate of a caller: whatever it asks for counts, but what its rules refuse") {
  ApiBench bench({}, {}, rules({.allow = {{"charging", "status"}}, .rate = 2}));
  for (int i = 0; i < 5; ++i) CHECK(bench.command("honk_horn").status == 403);
  CHECK(bench.command("charge_start").status == 200);
  CHECK(bench.send("GET", "/fleetsign/v1/status").status == 200);
  bench.client.forget_requests();
  const auto refused = bench.command("charge_stop");
  check_failure(refused, 429, "local_rate", "no");
  CHECK(*refused.headers.find("Retry-After") == "30");
  CHECK(bench.client.requests().empty());
  CHECK(bench.send("GET", "/health").status == 200);
}

TEST_CASE("rate of a caller: who watches the daemon is answered all the same") {
  ApiBench bench({}, {}, rules({.rate = 1, .daily_budget = 0}));
  bench.spent.reset();
  CHECK(bench.send("GET", "/fleetsign/v1/status").status == 200);
  check_failure(bench.send("GET", "/fleetsign/v1/status"), 429, "local_rate", "no");
  for (int i = 0; i < 5; ++i) {
    for (const auto& path : kExpressPaths) CHECK(bench.send("GET", path).status == 200);
  }
}

TEST_CASE("budget of a caller: while it cannot be kept, nothing that costs is sent, and anything else is") {
  ApiBench bench({}, {}, rules({.daily_budget = 1'000'000}));
  bench.spent.reset();
  check_failure(bench.command("honk_horn"), 503, "state_unavailable", "no");
  check_failure(bench.send("GET", "/api/1/vehicles/" + bench.vin + "/vehicle_data"), 503, "state_unavailable", "no");
  CHECK(bench.client.requests().empty());
  CHECK(bench.send("GET", "/api/1/vehicles").status == 200);
  bench.spent = 0;
  CHECK(bench.command("honk_horn").status == 200);
}

TEST_CASE("budget of a caller: what Fleet API failed at is not billed, and costs nothing") {
  ApiBench bench({}, {}, rules({.daily_budget = 23'000}));
  const std::string vehicle = "/api/1/vehicles/" + bench.vin;
  bench.client.stand_between([](const auto&) { return answered(500); });
  for (int i = 0; i < 2; ++i) {
    CHECK(bench.send("GET", vehicle + "/vehicle_data").status == 500);
    CHECK(bench.send("GET", vehicle + "/nearby_charging_sites").status == 500);
    CHECK(bench.send("POST", vehicle + "/command/unheard_of", "{}").status == 500);
    CHECK(bench.send("POST", vehicle + "/wake_up").status == 500);
    CHECK(bench.command("honk_horn").status == 500);
  }
  CHECK_FALSE(bench.client.requests().empty());
  bench.client.stand_between({});
  CHECK(bench.command("wake_up").status == 200);    // 20000
  CHECK(bench.command("honk_horn").status == 200);  // 22000
  CHECK(bench.command("honk_horn").status == 200);  // 23000
  check_failure(bench.command("honk_horn"), 429, "local_budget", "no");
}

TEST_CASE("budget of a caller: of a diagnosis, what goes to the vehicle costs, and what asks Fleet API does not") {
  ApiBench bench({}, {}, rules({.daily_budget = 5'000}));
  const auto examined = bench.send("GET", "/fleetsign/v1/vehicles/" + bench.vin + "/diagnosis");
  CHECK(examined.status == 200);
  CHECK(ApiBench::json_of(examined).at("upstream_requests") == 6);  // two of them are billed by nobody
  CHECK(bench.command("honk_horn").status == 200);
  check_failure(bench.command("honk_horn"), 429, "local_budget", "no");
}

TEST_CASE("budget of a caller: what is billed counts, and what it does not have is not sent") {
  ApiBench bench({}, {}, rules({.daily_budget = 7'000}));
  CHECK(bench.command("honk_horn").status == 200);                                           // 2000, with a handshake
  CHECK(bench.command("honk_horn").status == 200);                                           // 3000
  CHECK(bench.send("GET", "/api/1/vehicles/" + bench.vin + "/vehicle_data").status == 200);  // 5000
  CHECK(bench.send("GET", "/api/1/vehicles").status == 200);                                 // costs nothing
  CHECK(bench.send("POST", bench.command_path("honk_horn") + "?dry_run=true").status == 200);
  CHECK(bench.command("honk_horn").status == 200);  // 6000
  bench.client.forget_requests();
  const auto refused = bench.send("GET", "/api/1/vehicles/" + bench.vin + "/vehicle_data");
  check_failure(refused, 429, "local_budget", "no");
  CHECK(*refused.headers.find("Retry-After") == std::to_string(86'400 - test::kUnixNow % 86'400));
  check_failure(bench.command("wake_up"), 429, "local_budget", "no");
  CHECK(bench.client.requests().empty());
  CHECK(bench.command("honk_horn").status == 200);  // 7000
  check_failure(bench.command("honk_horn"), 429, "local_budget", "no");
  CHECK(bench.send("GET", "/fleetsign/v1/status").status == 200);
}

TEST_CASE("budget of a caller: what was admitted for more than it costs is given back") {
  ApiBench bench({}, {}, rules({.daily_budget = 22'000}));
  // Awake, it needs no waking: 2000 in place of 21000.
  CHECK(bench.send("POST", bench.command_path("honk_horn") + "?wake=true").status == 200);
  CHECK(bench.command("wake_up").status == 200);
  check_failure(bench.command("honk_horn"), 429, "local_budget", "no");
}

TEST_CASE("budget of a caller: what reaches nobody costs nothing, nor does a replay") {
  ApiBench bench({}, {}, rules({.daily_budget = 2'000}));
  bench.client.stand_between([](const auto&) { return unreachable(); });
  for (int i = 0; i < 3; ++i) CHECK(bench.command("honk_horn").status == 502);
  bench.client.stand_between({});
  CHECK(bench.api.handle(keyed(bench, "k")).status == 200);
  check_failure(bench.command("honk_horn"), 429, "local_budget", "no");
}

TEST_CASE("budget of a caller: a hundred commands at once are admitted for no more than there is") {
  ApiBench bench({}, {}, rules({.daily_budget = 20'000}));
  CHECK(bench.command("honk_horn").status == 200);
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 100; ++i) {
    callers.emplace_back([&] {
      const auto status = bench.command("honk_horn").status;
      if (status == 200) ++accepted;
      if (status == 429) ++refused;
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(accepted == 18);
  CHECK(refused == 82);
}

}  // namespace
}  // namespace fleetsign::api
