// SPDX-License-Identifier: Apache-2.0
// ?dry_run=true: all that a command takes up to its bytes, and nothing of what follows.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::Json;

http::Reply dry_run(const ApiBench& bench, const std::string& name, const std::string& body = {}) {
  return bench.send("POST", bench.command_path(name) + "?dry_run=true", body);
}

std::vector<std::string> members_of(const Json& object) {
  std::vector<std::string> names;
  for (const auto& item : object.items()) names.push_back(item.key());
  return names;
}

}  // namespace

TEST_CASE("dry run: the reply says what would be sent, and nothing is") {
  const ApiBench bench;
  const auto reply = dry_run(bench, "set_charge_limit", R"({"percent": 80})");
  CHECK(reply.status == 200);
  const auto body = ApiBench::json_of(reply);
  CHECK(members_of(body) == std::vector<std::string>{"response", "error", "error_description", "dry_run", "executed",
                                                     "upstream_requests", "request_id"});
  CHECK(body.at("response").is_null());
  CHECK(body.at("error") == "");
  CHECK(body.at("executed") == "no");
  CHECK(body.at("upstream_requests") == 0);
  CHECK(body.at("dry_run") ==
        Json{{"goes_to", "vehicle"},
             {"domain", "infotainment"},
             {"repeat", "safe"},
             {"message", "vehicleAction {\n  chargingSetLimitAction {\n    percent: 80\n  }\n}\n"},
             {"payload", "EgQqAghQ"}});
  CHECK(bench.client.requests().empty());
}

TEST_CASE("dry run: what is private is neither shown nor in the bytes") {
  const ApiBench bench;
  const auto found = ApiBench::json_of(dry_run(bench, "speed_limit_activate", R"({"pin": "9753"})")).at("dry_run");
  CHECK(found.at("message").get<std::string>().find("pin: ***") != std::string::npos);
  CHECK_FALSE(found.contains("payload"));
  CHECK(found.dump().find("9753") == std::string::npos);
}

TEST_CASE("dry run: of what would be forwarded it says where to") {
  const ApiBench bench;
  struct Row {
    std::string name;
    std::string body;
    std::string target;
  };
  const std::string vehicle = "/api/1/vehicles/" + bench.vin;
  for (const auto& [name, body, target] :
       {Row{"share", "{}", vehicle + "/command/share"},
        Row{"brand_new_command", "", vehicle + "/command/brand_new_command"},
        Row{"sun_roof_control", R"({"state": "stop"})", vehicle + "/command/sun_roof_control"},
        Row{"wake_up", "", vehicle + "/wake_up"}}) {
    const auto& shown_name = name;
    CAPTURE(shown_name);
    CHECK(ApiBench::json_of(dry_run(bench, name, body)).at("dry_run") ==
          Json{{"goes_to", "fleet_api"}, {"method", "POST"}, {"target", target}});
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("dry run: what a command would be refused for is refused") {
  const ApiBench bench({.reject_unknown_commands = true});
  CHECK(ApiBench::error_code(dry_run(bench, "set_charge_limit")) == "bad_parameter");
  CHECK(ApiBench::error_code(dry_run(bench, "set_charge_limit", "{")) == "bad_request");
  CHECK(ApiBench::error_code(dry_run(bench, "honk_hron")) == "unknown_command");
  CHECK(ApiBench::error_code(bench.send("POST", "/api/1/vehicles/short/command/honk_horn?dry_run=true")) == "bad_vin");
  auto stranger = ApiBench::request("POST", bench.command_path("honk_horn") + "?dry_run=true");
  stranger.headers.remove("Authorization");
  CHECK(ApiBench::error_code(bench.api.handle(stranger)) == "not_authenticated");
}

TEST_CASE("dry run: false is as if it were absent, anything else is refused") {
  ApiBench bench;
  const auto done = bench.send("POST", bench.command_path("honk_horn") + "?dry_run=false");
  CHECK(ApiBench::json_of(done).at("executed") == "yes");
  bench.client.forget_requests();
  static_cast<void>(bench.send("POST", bench.command_path("share") + "?a=1&dry_run=false", "{}"));
  CHECK(bench.client.requests().at(0).url == "https://fleet.test" + bench.command_path("share") + "?a=1");
  bench.client.forget_requests();
  for (const std::string value : {"", "=", "=1", "=yes", "=true&dry_run=true"}) {
    CAPTURE(value);
    const auto reply = bench.send("POST", bench.command_path("honk_horn") + "?dry_run" + value);
    CHECK(reply.status == 400);
    CHECK(ApiBench::error_code(reply) == "bad_request");
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("dry run: what is only passed on has none, and is not done instead") {
  const ApiBench bench;
  const std::string wake_up = "/api/1/vehicles/" + bench.vin + "/wake_up";
  for (const auto* query : {"?dry_run=true", "?dry_run=1", "?dry_run"}) {
    CHECK(ApiBench::error_code(bench.send("POST", wake_up + query)) == "bad_request");
  }
  CHECK(bench.client.requests().empty());
  CHECK(bench.send("POST", wake_up + "?dry_run=false").status == 200);
}

}  // namespace fleetsign::api
