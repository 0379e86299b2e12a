// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/requests.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/groups.h"

namespace fleetsign::access {
namespace {

const std::string kVehicle = "/api/1/vehicles/5YJS0000000000001";

}  // namespace

TEST_CASE("requests: a command is known by its path, of a VIN or a number") {
  CHECK(command_of("POST", kVehicle + "/command/honk_horn") == "honk_horn");
  CHECK(command_of("POST", "/api/1/vehicles/5yjs0000000000001/command/honk_horn") == "honk_horn");
  CHECK(command_of("POST", "/api/1/vehicles/123/command/new_one") == "new_one");
  CHECK(command_of("POST", kVehicle + "/wake_up") == "wake_up");
  CHECK(command_of("POST", "/fleetsign/v1/vehicles/5YJS0000000000001/action") == kAnyMessage);
}

TEST_CASE("requests: what might be a command in another form could be any") {
  for (const std::string rest : {"/command/honk_horn/x", "/command/honk_horn.json", "/wake_up.json", "/wake_up/x"}) {
    CAPTURE(rest);
    CHECK(command_of("POST", kVehicle + rest) == kAnyMessage);
  }
  CHECK(command_of("PUT", kVehicle + "/command/honk_horn") == kAnyMessage);
  CHECK(command_of("DELETE", kVehicle + "/wake_up") == kAnyMessage);
}

TEST_CASE("requests: anything else is no command") {
  CHECK(command_of("GET", kVehicle + "/command/honk_horn").empty());
  CHECK(command_of("POST", kVehicle + "/signed_command").empty());
  CHECK(command_of("POST", "/api/1/vehicles/fleet_status").empty());
  CHECK(command_of("POST", "/api/1/vehicles/none/wake_up").empty());
  CHECK(command_of("POST", "/fleetsign/v1/vehicles/5YJS0000000000001/sessions").empty());
  CHECK(command_of("POST", "").empty());
}

TEST_CASE("requests: no command, and no group of commands, has the name of something else here") {
  std::vector<std::string_view> names = {kAnyMessage};
  for (const auto& group : request_groups()) names.push_back(group.name);
  for (const auto name : names) {
    CHECK(catalogue::find(name) == nullptr);
    CHECK(catalogue::find_group(name) == nullptr);
  }
}

TEST_CASE("requests: reads of vehicles are a group, and so is how the daemon is") {
  for (const std::string path :
       {"", "/vehicle_data", "/mobile_enabled", "/nearby_charging_sites", "/recent_alerts", "/release_notes",
        "/service_data", "/specs", "/fleet_telemetry_config", "/fleet_telemetry_errors"}) {
    CAPTURE(path);
    CHECK(request_group_of("GET", kVehicle + path) == "read");
    CHECK(request_group_of("HEAD", "/api/1/vehicles/123" + path) == "read");
    CHECK(request_group_of("POST", kVehicle + path).empty());
    CHECK(request_group_of("DELETE", kVehicle + path).empty());
  }
  CHECK(request_group_of("GET", "/api/1/vehicles") == "read");
  CHECK(request_group_of("GET", "/fleetsign/v1/vehicles/5YJS0000000000001/diagnosis") == "read");
  for (const char* const path : {"/metrics", "/fleetsign/v1/status", "/fleetsign/v1/sessions"}) {
    CHECK(request_group_of("GET", path) == "status");
  }
}

TEST_CASE("requests: what is not listed is in no group") {
  for (const std::string path : {"/drivers", "/invitations", "/command/honk_horn", "/vehicle_data/x", "/vehicle_data/",
                                 "/wake_up", "/unheard_of", "/"}) {
    CAPTURE(path);
    CHECK(request_group_of("GET", kVehicle + path).empty());
  }
  for (const char* const path :
       {"/api/1/vehicles/fleet_status", "/api/1/vehicles/", "/api/1/users/me", "/api/1/vehicle",
        "/fleetsign/v1/vehicles/5YJS0000000000001", "/metrics/", "/openapi.json", ""}) {
    CAPTURE(path);
    CHECK(request_group_of("GET", path).empty());
  }
}

TEST_CASE("requests: a path is understood when nobody could read it in another way") {
  for (const char* const path : {"/a", "/api/1/vehicles/5YJS0000000000001/command/honk_horn", "/.well-known/a_b~c.d"}) {
    CHECK(is_understood(path));
  }
  for (const char* const path : {"",       "/",      "a",    "//a",       "/a//b", "/a/",  "/a/.", "/a/..", "/../a",
                                 "/a/...", "/a%2Fb", "/%61", "/a;b",      "/a:b",  "/a b", "/a+b", "/a\\b", "/a?b",
                                 "/a#b",   "/a*",    "/a@b", "/\xC3\xA9", "/a\t",  "/a|b", "/a,b", "/a=b",  "/a&b"}) {
    CAPTURE(path);
    CHECK_FALSE(is_understood(path));
  }
}

TEST_CASE("requests: a star stands for one segment, and at the end for one or more") {
  CHECK(path_matches("/a/b", "/a/b"));
  CHECK(path_matches("/a/*/c", "/a/b/c"));
  CHECK(path_matches("/a/*", "/a/b"));
  CHECK(path_matches("/a/*", "/a/b/c/d"));
  CHECK(path_matches("/*", "/a"));
  CHECK_FALSE(path_matches("/a/*", "/a"));
  CHECK_FALSE(path_matches("/a/*/c", "/a/b/b/c"));
  CHECK_FALSE(path_matches("/a/b", "/a/B"));
  CHECK_FALSE(path_matches("/a/b", "/a"));
  CHECK_FALSE(path_matches("/a", "/a/b"));
}

TEST_CASE("requests: the vehicles that a path names, wherever it names them") {
  using Vehicles = std::vector<std::string>;
  CHECK(vehicles_of(kVehicle) == Vehicles{"5YJS0000000000001"});
  CHECK(vehicles_of("/api/1/vehicles/5yjs0000000000001/wake_up") == Vehicles{"5YJS0000000000001"});
  CHECK(vehicles_of("/fleetsign/v1/vehicles/5YJS0000000000001/sessions") == Vehicles{"5YJS0000000000001"});
  CHECK(vehicles_of("/api/1/vehicles/123/wake_up") == Vehicles{"123"});
  CHECK(vehicles_of("/api/1/dx/enterprise/v1/5YJS0000000000002/roles") == Vehicles{"5YJS0000000000002"});
  CHECK(vehicles_of("/api/1/vehicles/1/5YJS0000000000002") == Vehicles{"1", "5YJS0000000000002"});
  CHECK(vehicles_of("/api/1/energy_sites/123/site_info").empty());
  CHECK(vehicles_of("/api/1/vehicles/fleet_status").empty());
  CHECK(is_for_a_vehicle(kVehicle));
  CHECK_FALSE(is_for_a_vehicle("/api/1/dx/enterprise/v1/5YJS0000000000002/roles"));
  CHECK_FALSE(is_for_a_vehicle("/api/1/vehicles"));
}

}  // namespace fleetsign::access
