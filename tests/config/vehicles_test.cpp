// SPDX-License-Identifier: Apache-2.0
#include "config/vehicles.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/config/loading.h"

using namespace fleetsign::config;

namespace {

const std::string kFirst = "5YJS0000000000001";
const std::string kSecond = "5YJS0000000000002";
const std::string kGarage = "vehicles: {garage: 5YJS0000000000001}\n";
const std::string kWhere = "fleetsign.yaml:1: vehicles";

}  // namespace

TEST_CASE("vehicles: each has a name and a VIN, and some have an account") {
  const Loaded loaded = load_text(R"(
vehicles:
  garage: 5YJS0000000000001
  van-2: {vin: 5YJS0000000000002, account: work}
accounts: {work: {access_token_file: /t}}
)");
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.vehicles ==
        Vehicles{{"garage", {.vin = kFirst, .where = "fleetsign.yaml:3"}},
                 {"van-2", {.vin = kSecond, .account = "work", .where = "fleetsign.yaml:4"}}});
  CHECK(load_text("vehicles:\n").config.vehicles.empty());
}

TEST_CASE("vehicles: what is wrong with one is told") {
  CHECK(problems_of("vehicles: {garage: 5YJS}") ==
        Lines{kWhere + ".garage: \"5YJS\" is not a VIN | write its 17 capital letters and digits"});
  CHECK(problems_of("vehicles: {garage: 5yjs0000000000001}").size() == 1);
  CHECK(problems_of("vehicles: {garage: {account: home}}\naccounts: {home: {access_token_file: /t}}") ==
        Lines{kWhere + ".garage: has no vin | write {vin: VIN}"});
  CHECK(problems_of("vehicles: {garage: {vim: 5YJS0000000000001}}") ==
        Lines{"fleetsign.yaml:1: unknown key \"vehicles.garage.vim\" | did you mean vehicles.garage.vin?"});
  CHECK(problems_of("vehicles: {garage: [5YJS0000000000001]}") ==
        Lines{kWhere + ".garage: expected a VIN, or a map with one, found a list"});
  CHECK(problems_of("vehicles: [garage]") ==
        Lines{kWhere + ": expected a map of names, which only a file can have, found a list"});
  CHECK(problems_of("vehicles: {garage: {vin: 5YJS0000000000001, account: home}}") ==
        Lines{kWhere + ".garage.account: there is no account \"home\" | name it in `accounts`: {NAME: managed}"});
}

TEST_CASE("vehicles: no VIN has two names, and no name two VINs") {
  CHECK(problems_of("vehicles: {garage: 5YJS0000000000001, van: 5YJS0000000000001}") ==
        Lines{kWhere + ".van: this vehicle has a name already: garage | remove one of them"});
  CHECK(problems_of("vehicles:\n  garage: 5YJS0000000000001\n  garage: 5YJS0000000000002\n") ==
        Lines{"fleetsign.yaml:3: vehicles.garage: is set a second time | remove one of them"});
  CHECK(problems_of("vehicles:\n  garage: 5YJS0000000000001\n  garage: 5YJS0000000000001\n").size() == 1);
}

TEST_CASE("vehicles: a name is nothing that could be read in another way") {
  for (const std::string name : {"garage", "2nd-car", "a", "car.1_x", "5yjs000000000000", "5yjs00000000000oo"}) {
    CAPTURE(name);
    CHECK(is_vehicle_name(name));
  }
  for (const std::string name : {"", "Garage", "5YJS0000000000001", "5yjs0000000000001", "12345", "1", "fleet_status",
                                 "fleet_telemetry_config", ".", "..", "-a", "a/b", "a%20b", "a;b", "a b"}) {
    CAPTURE(name);
    CHECK_FALSE(is_vehicle_name(name));
  }
  const Lines problems = problems_of("vehicles: {5yjs0000000000001: 5YJS0000000000001}");
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].starts_with(kWhere + ": \"5yjs0000000000001\" is not a vehicle's name | write up to 64"));
}

TEST_CASE("vehicles: a name stands for its VIN in the vehicles and the patterns of callers") {
  const Loaded loaded = load_text(kGarage + R"(
callers:
  - name: panel
    vehicles: [garage, 5YJS0000000000002]
    allow: [honk_horn, garage, "GET /api/1/vehicles/garage/vehicle_data", "GET /fleetsign/v1/vehicles/garage/diagnosis",
            "* /api/1/garage", "* /api/1/vehicles/*", "POST /api/1/vehicles/fleet_status", "GET /api/1/vehicles/12345",
            "GET /api/1/vehicles/5YJS0000000000002"]
)");
  CHECK(lines(loaded) == Lines{});
  const CallerEntry& panel = loaded.config.callers.at(0);
  CHECK(panel.vehicles == std::vector{kFirst, kSecond});
  CHECK(panel.allow ==
        std::vector<std::string>{"honk_horn", "garage", "GET /api/1/vehicles/" + kFirst + "/vehicle_data",
                                 "GET /fleetsign/v1/vehicles/" + kFirst + "/diagnosis", "* /api/1/garage",
                                 "* /api/1/vehicles/*", "POST /api/1/vehicles/fleet_status",
                                 "GET /api/1/vehicles/12345", "GET /api/1/vehicles/" + kSecond});
}

TEST_CASE("vehicles: a name that no vehicle has is told where it stands") {
  CHECK(problems_of(kGarage + "callers: [{name: panel, vehicles: [garag]}]\n") ==
        Lines{"fleetsign.yaml:2: callers.vehicles: there is no vehicle \"garag\" | did you mean garage?"});
  CHECK(problems_of("callers: [{name: panel, vehicles: [garage]}]\n") ==
        Lines{"fleetsign.yaml:1: callers.vehicles: there is no vehicle \"garage\" | name it in `vehicles`: {NAME: "
              "VIN}"});
  CHECK(problems_of(kGarage + "callers: [{name: panel, allow: [\"* /fleetsign/v1/vehicles/garag/diagnosis\"]}]\n") ==
        Lines{"fleetsign.yaml:2: callers.allow: there is no vehicle \"garag\" | did you mean garage?"});
  CHECK(problems_of("next_key_file: /k\n", {{"FLEETSIGN_NEXT_KEY_VEHICLES", "garage"}}) ==
        Lines{"environment FLEETSIGN_NEXT_KEY_VEHICLES: next_key_vehicles: there is no vehicle \"garage\" | name it in "
              "`vehicles`: {NAME: VIN}"});
}

TEST_CASE("vehicles: those of the next key are VINs, however they are named") {
  const Loaded loaded =
      load_text(kGarage + "next_key_file: /k\n", {{"FLEETSIGN_NEXT_KEY_VEHICLES", "garage, " + kSecond}});
  CHECK(lines(loaded) == Lines{});
  CHECK(loaded.config.next_key_vehicles == std::vector{kFirst, kSecond});
  CHECK(loaded.config.next_key_file == "/k");
  CHECK(problems_of("next_key_vehicles: [\"?\"]\nnext_key_file: /k\n") ==
        Lines{"fleetsign.yaml:1: next_key_vehicles: \"?\" is neither a VIN nor a vehicle's name | write a VIN's 17 "
              "capital letters and digits, or a name in `vehicles`"});
}

TEST_CASE("vehicles: a path has the VIN in the place of a name, and nowhere else") {
  const Vehicles vehicles{{"garage", {.vin = kFirst}}};
  CHECK(with_vin("/api/1/vehicles/garage", vehicles) == "/api/1/vehicles/" + kFirst);
  CHECK(with_vin("/api/1/vehicles/garage/command/garage", vehicles) == "/api/1/vehicles/" + kFirst + "/command/garage");
  CHECK(with_vin("/fleetsign/v1/vehicles/garage/sessions", vehicles) ==
        "/fleetsign/v1/vehicles/" + kFirst + "/sessions");
  for (const std::string path : {"/api/1/vehicles", "/api/1/vehicles/", "/api/1/vehicles/garages/x", "/api/1/garage",
                                 "/api/1/vehicles/Garage/x", "/api/1/Vehicles/garage/x", "/api/1/vehicles/garage;x/y",
                                 "/api/2/vehicles/garage", "/admin/v1/clients/garage", "garage", ""}) {
    CAPTURE(path);
    CHECK_FALSE(with_vin(path, vehicles));
  }
}
