// SPDX-License-Identifier: Apache-2.0
// Vehicles by the names that the configuration gives them, and the accounts whose tokens reach them.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/api/keyed.h"

namespace fleetsign::api {
namespace {

using fleetsign::test::answered;
using fleetsign::test::token_of;
using test::ApiBench;
using test::check_failure;
using test::House;
using test::Json;

const std::string kVin = "5YJS0000000000001";
const std::string kOther = "5YJS0000000000002";

config::Vehicles named() {
  return {{"garage", {.vin = kVin}}, {"van", {.vin = kOther, .account = "work"}}};
}

/// Where the requests went that Fleet API has got.
std::vector<std::string> urls(const ApiBench& bench) {
  std::vector<std::string> all;
  for (const auto& sent : bench.client.requests()) all.push_back(sent.url);
  return all;
}

TEST_CASE("named vehicles: a name in a path is its VIN, in every spelling, before anything is decided") {
  ApiBench bench({.vehicles = named()});
  bench.client.stand_between([](const auto&) { return answered(200, "{}"); });
  const std::string vehicles = "https://fleet.test/api/1/vehicles/";
  for (const auto& [path, sent] : std::vector<std::pair<std::string, std::string>>{
           {"garage", kVin},
           {"garage/", kVin},
           {"g%61rage/specs?a=%31&b", kVin + "/specs?a=%31&b"},
           {"garage/fleet_telemetry_config", kVin + "/fleet_telemetry_config"},
           {"van/garage", kOther + "/garage"},
           {"garages/specs", ""},
           {"Garage/specs", ""}}) {
    const auto& shown = path;
    CAPTURE(shown);
    const auto before = urls(bench).size();
    const auto reply = bench.send("GET", "/api/1/vehicles/" + path);
    if (sent.empty()) {
      CHECK(reply.status == (path.starts_with("G") ? 404 : 200));
    } else {
      REQUIRE(urls(bench).size() == before + 1);
      CHECK(urls(bench).back() == vehicles + sent);
    }
  }
}

TEST_CASE("named vehicles: a command by name and by VIN are one command to one vehicle") {
  ApiBench bench({.vehicles = named()});
  std::vector<ops::AuditEntry> audited;
  auto parts = bench.parts(bench.log);
  parts.audit = [&](ops::AuditEntry entry) { audited.push_back(std::move(entry)); };
  const Api api({.vehicles = named()}, std::move(parts));
  const auto send = [&](const std::string& vehicle) {
    auto request = ApiBench::request("POST", "/api/1/vehicles/" + vehicle + "/command/honk_horn");
    request.headers.add("Idempotency-Key", "same");
    return api.handle(request);
  };
  const auto first = send("garage");
  CHECK(first.status == 200);
  const auto second = send(kVin);
  CHECK(test::is_replayed(second));
  CHECK(second.body == first.body);
  CHECK(bench.client.report(kVin).at("executed_total") == 1);
  for (const auto& entry : audited) CHECK(entry.vehicles == std::vector{kVin});
  CHECK(bench.lanes.size() == 1);
  CHECK(bench.ledger.dearest(9).size() == 1);
}

TEST_CASE("named vehicles: a name that no vehicle has is a 404, and a command to it goes nowhere") {
  const ApiBench bench({.vehicles = named()});
  check_failure(bench.send("POST", "/api/1/vehicles/garag/command/honk_horn"), 404, "bad_vin", "no");
  CHECK(ApiBench::error_code(bench.send("GET", "/fleetsign/v1/vehicles/garag/diagnosis")) == "bad_vin");
  CHECK(ApiBench::error_code(bench.send("GET", "/api/1/vehicles/garage-2/specs")) == "bad_vin");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("named vehicles: our own paths know them, too") {
  ApiBench bench({.vehicles = named()});
  bench.command("door_lock");
  CHECK(ApiBench::json_of(bench.send("GET", "/fleetsign/v1/vehicles/garage/diagnosis")).at("vin") == kVin);
  CHECK(ApiBench::json_of(bench.send("DELETE", "/fleetsign/v1/vehicles/garage/sessions")) == Json{{"forgotten", 2}});
  CHECK(ApiBench::json_of(bench.send("DELETE", "/fleetsign/v1/vehicles/garage/protocol")) == Json{{"forgotten", 0}});
  CHECK(ApiBench::json_of(bench.send("GET", "/fleetsign/v1/status")).at("vehicles") ==
        Json::array({{{"name", "garage"}, {"vin", kVin}, {"account", nullptr}},
                     {{"name", "van"}, {"vin", kOther}, {"account", "work"}}}));
}

TEST_CASE("named vehicles: bodies are as they were written") {
  const ApiBench bench({.vehicles = named()});
  const auto reply =
      bench.send("POST", "/api/1/vehicles/fleet_telemetry_config", R"({"vins": ["garage"], "config": {}})");
  check_failure(reply, 400, "bad_parameter", "no");
}

TEST_CASE("named vehicles: who may reach one vehicle reaches it by its name, and no other by any") {
  const ApiBench bench({.vehicles = named()}, {}, House{.callers = {{.name = "*", .vehicles = {{kVin}}}}});
  CHECK(bench.send("POST", "/api/1/vehicles/garage/command/honk_horn").status == 200);
  for (const std::string vehicle : {"van", "v%61n", kOther.c_str()}) {
    CAPTURE(vehicle);
    check_failure(bench.send("POST", "/api/1/vehicles/" + vehicle + "/command/honk_horn"), 403, "not_allowed", "no");
    CHECK(bench.send("GET", "/api/1/vehicles/" + vehicle + "/vehicle_data").status == 403);
    CHECK(bench.send("DELETE", "/fleetsign/v1/vehicles/" + vehicle + "/sessions").status == 403);
  }
}

/// Callers of several kinds, and a vehicle that has an account.
class Household {
 public:
  Household() {
    bench.client.stand_between([](const auto&) { return answered(200, "{}"); });
  }
  /// A read of a vehicle by who has nothing but a key of that name.
  [[nodiscard]] http::Request read(const std::string& vehicle, const std::string& client) const {
    auto request = ApiBench::request("GET", "/api/1/vehicles/" + vehicle + "/specs");
    const auto key = bench.client_desk.add(R"({"name": ")" + client + "\"}")->at("key").get<std::string>();
    request.headers.set("Authorization", "Bearer " + key);
    return request;
  }
  /// With whose token the request went on; empty for one that did not.
  std::string token_for(const http::Request& request) const {
    const auto before = bench.client.requests().size();
    const auto reply = bench.api.handle(request);
    const auto sent = bench.client.requests();
    if (sent.size() > before) return token_of(sent.back());
    CHECK(ApiBench::json_of(reply).at("error") == "this caller has no account that it could use");
    return {};
  }

  crypto::test::TemporaryFolder folder{};
  ApiBench bench{{.vehicles = named()},
                 {},
                 House{.callers = {{.name = "wall", .account = "home"},
                                   {.name = "charger", .vehicles = {{kVin}}},
                                   {.name = "panel", .certificate = "panel"}},
                       .accounts = {{"home", {.access_token_file = folder.write("home", "of-home\n")}},
                                    {"work", {.access_token_file = folder.write("work", "of-work\n")}}}}};
};

TEST_CASE("named vehicles: who brings no token acts with that of the vehicle's account, before its own account's") {
  const Household home;
  CHECK(home.token_for(home.read("van", "wall")) == "of-work");
  CHECK(home.token_for(home.read(kOther, "guest")) == "of-work");
  CHECK(home.token_for(home.read("5yjs0000000000002", "wall-2")) == "of-work");
  auto panel = ApiBench::request("GET", "/api/1/vehicles/van/specs");
  panel.headers.remove("Authorization");
  panel.peer.certificate = http::PeerCertificate{.common_name = "panel", .sha256 = std::string(64, 'a')};
  CHECK(home.token_for(panel) == "of-work");
}

TEST_CASE("named vehicles: an account of one vehicle is for no other, and for no request that names none") {
  const Household home;
  CHECK(home.token_for(home.read("garage", "wall")) == "of-home");
  CHECK(home.token_for(home.read("garage", "guest")).empty());
  CHECK(home.token_for(home.read("12345", "guest-2")).empty());
  auto list = home.read("van", "guest-3");
  list.target = list.path = "/api/1/vehicles";
  CHECK(home.token_for(list).empty());
  for (const auto& path : {"/api/1/vehicles/" + kOther + "/" + kVin, "/api/1/users/" + kOther}) {
    CAPTURE(path);
    list.target = list.path = path;
    CHECK(home.token_for(list).empty());
  }
}

TEST_CASE("named vehicles: a question about vehicles in a body goes with the account that all of them have") {
  const Household home;
  const auto ask = [&](const std::string& body, const std::string& client,
                       const std::string& path = "/api/1/vehicles/fleet_status") {
    auto request = home.read("van", client);
    request.method = "POST";
    request.target = request.path = path;
    request.body = body;
    return home.token_for(request);
  };
  const std::string van = R"({"vins": [")" + kOther + "\"]}";
  CHECK(ask(van, "wall") == "of-work");
  CHECK(ask(van, "guest") == "of-work");
  CHECK(ask(R"({"vins": [")" + kOther + R"(", "5yjs0000000000002"]})", "guest-2") == "of-work");
  const std::string config = R"(, "config": {"hostname": "h", "ca": "c", "fields": {}}})";
  CHECK(ask(R"({"vins": [")" + kOther + "\"]" + config, "guest-3", "/api/1/vehicles/fleet_telemetry_config") ==
        "of-work");
  CHECK(ask(R"({"vins": [")" + kOther + R"(", ")" + kVin + "\"]}", "wall-2").empty());
  CHECK(ask(van, "guest-4", "/api/1/vehicles/list").empty());
  for (const std::string body : {"", "{", "[]", R"({"vins": 1})", R"({"vins": [1]})", R"({"vins": ["van"]})"}) {
    CAPTURE(body);
    CHECK(ask(body, "guest-" + std::to_string(body.size() + 10)).empty());
  }
}

TEST_CASE("named vehicles: who may not reach a vehicle in a body does not get its account's token") {
  crypto::test::TemporaryFolder folder{};
  ApiBench bench{{.vehicles = named()},
                 {},
                 House{.callers = {{.name = "charger",
                                    .account = "home",
                                    .vehicles = {{kVin}},
                                    .allow = {{"POST /api/1/vehicles/fleet_status"}}}},
                       .accounts = {{"home", {.access_token_file = folder.write("home", "of-home\n")}},
                                    {"work", {.access_token_file = folder.write("work", "of-work\n")}}}}};
  bench.client.stand_between([](const auto&) { return answered(200, "{}"); });
  auto request = ApiBench::request("POST", "/api/1/vehicles/fleet_status", R"({"vins": [")" + kOther + "\"]}");
  const auto key = bench.client_desk.add(R"({"name": "charger"})")->at("key").get<std::string>();
  request.headers.set("Authorization", "Bearer " + key);
  CHECK(bench.api.handle(request).status == 200);
  CHECK(token_of(bench.client.requests().back()) == "of-home");
}

TEST_CASE("named vehicles: an own token goes before every account's") {
  const Household home;
  auto request = home.read("van", "wall");
  request.headers.set("X-Authorization", *request.headers.find("Authorization"));
  request.headers.set("Authorization", "Bearer own");
  CHECK(home.token_for(request) == "own");
  CHECK(home.token_for(ApiBench::request("GET", "/api/1/vehicles/van/specs")) == "token");
}

TEST_CASE("named vehicles: the account is for whoever is known by an entry or a key, and no further than its rules") {
  const Household home;
  auto stranger = ApiBench::request("GET", "/api/1/vehicles/van/specs");
  stranger.headers.remove("Authorization");
  CHECK(home.bench.api.handle(stranger).status == 401);
  // Of whom the authority may know many, and nobody here any.
  stranger.peer.certificate = http::PeerCertificate{.common_name = "somebody", .sha256 = std::string(64, 'b')};
  CHECK(home.token_for(stranger).empty());
  check_failure(home.bench.api.handle(home.read("van", "charger")), 403, "not_allowed", "no");
  CHECK(home.bench.client.requests().empty());
}

}  // namespace
}  // namespace fleetsign::api
