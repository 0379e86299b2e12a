// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/billing.h"

#include <doctest/doctest.h>

#include <string>

namespace fleetsign::upstream {
namespace {

const std::string kCar = "/api/1/vehicles/5YJS0000000000001/";

std::string category_of(const std::string& method, const std::string& target) {
  const auto charge = charge_of(method, target);
  return charge ? std::string(to_string(charge->category)) : "none";
}

TEST_CASE("billing: commands, data and wakes have their prices, whatever the query") {
  CHECK(category_of("POST", kCar + "signed_command") == "commands");
  CHECK(category_of("POST", kCar + "command/honk_horn") == "commands");
  CHECK(category_of("POST", kCar + "wake_up") == "wakes");
  CHECK(category_of("GET", kCar + "vehicle_data") == "data");
  CHECK(category_of("GET", kCar + "vehicle_data?endpoints=drive_state%3Bcharge_state") == "data");
  CHECK(category_of("HEAD", kCar + "vehicle_data") == "data");
  CHECK(category_of("GET", kCar + "nearby_charging_sites?count=3") == "data");
}

TEST_CASE("billing: what has no documented price is not billed") {
  CHECK(category_of("GET", "/api/1/vehicles") == "none");
  CHECK(category_of("GET", "/api/1/vehicles/5YJS0000000000001") == "none");
  CHECK(category_of("POST", "/api/1/vehicles/fleet_status") == "none");
  CHECK(category_of("GET", "/api/1/users/me") == "none");
  CHECK(category_of("POST", "/api/1/energy_sites/7/command") == "none");
  CHECK(category_of("POST", kCar + "vehicle_data") == "none");
  CHECK(category_of("GET", kCar + "vehicle_data/more") == "none");
  CHECK(category_of("POST", kCar + "command/") == "none");
  CHECK(category_of("POST", kCar + "command/honk_horn/more") == "none");
  CHECK(category_of("GET", "") == "none");
}

TEST_CASE("billing: a vehicle goes by its VIN in upper case, or by Fleet API's number") {
  CHECK(charge_of("POST", "/api/1/vehicles/5yjs0000000000001/wake_up")->vehicle == "5YJS0000000000001");
  CHECK(charge_of("POST", "/api/1/vehicles/1492931520123456/wake_up")->vehicle == "1492931520123456");
  CHECK(charge_of("POST", "/api/1/vehicles/5YJS;a/wake_up")->vehicle.empty());
  CHECK(charge_of("POST", "/api/1/vehicles/" + std::string(21, '1') + "/wake_up")->vehicle.empty());
  CHECK(vehicle_in(kCar + "fleet_telemetry_config?x=/y") == "5YJS0000000000001");
  CHECK(vehicle_in("/api/1/vehicles").empty());
}

TEST_CASE("billing: another spelling of a path costs the same") {
  CHECK(category_of("POST", kCar + "%63ommand/honk%5fhorn") == "commands");
  CHECK(category_of("POST", kCar + "command/honk_horn//?x=/") == "commands");
  CHECK(category_of("GET", kCar + "vehicle%5Fdata/") == "data");
  CHECK(charge_of("POST", "/api/1/vehicles/%35yjs0000000000001/wake%5fup/")->vehicle == "5YJS0000000000001");
  CHECK(category_of("GET", kCar + "vehicle%2Fdata") == "none");
}

TEST_CASE("billing: each row is found by its own method and path") {
  for (const BillingRow& row : billed_requests()) {
    const auto path =
        row.path.ends_with('*') ? std::string(row.path.substr(0, row.path.size() - 1)) + "x" : std::string(row.path);
    CAPTURE(path);
    CHECK(category_of(std::string(row.method), kCar + path) == to_string(row.category));
  }
}

}  // namespace
}  // namespace fleetsign::upstream
