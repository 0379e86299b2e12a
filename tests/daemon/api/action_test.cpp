// SPDX-License-Identifier: Apache-2.0
// POST …/action: any message, where the configuration allows it.
#include <doctest/doctest.h>

#include <string>

#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::Json;

const std::string kLimit = R"({"domain":"infotainment","action":{"chargingSetLimitAction":{"percent":80}}})";

std::string action_path(const ApiBench& bench) {
  return "/fleetsign/v1/vehicles/" + bench.vin + "/action";
}

}  // namespace

TEST_CASE("action: off unless it is configured, and the refusal names the key") {
  const ApiBench bench;
  const auto reply = bench.send("POST", action_path(bench), kLimit);
  CHECK(reply.status == 403);
  const auto body = ApiBench::json_of(reply);
  CHECK(body.at("error_code") == "not_allowed");
  CHECK(body.at("hint") == "set `action_endpoint: true` in the configuration");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("action: both parts of a vehicle carry messages out") {
  ApiBench bench({.action_endpoint = true});
  for (const std::string& body :
       {kLimit, std::string(R"({"domain":"vehicle_security","message":{"RKEAction":"RKE_ACTION_UNLOCK"}})")}) {
    CAPTURE(body);
    const auto reply = bench.send("POST", action_path(bench), body);
    CHECK(reply.status == 200);
    CHECK(ApiBench::json_of(reply).at("response") == Json{{"result", true}, {"reason", ""}});
    CHECK(ApiBench::json_of(reply).at("executed") == "yes");
  }
  CHECK(bench.client.report(bench.vin).at("executed_total") == 2);
}

TEST_CASE("action: nothing is known of a repeat, so none is made on doubt") {
  ApiBench bench({.action_endpoint = true});
  CHECK(bench.send("POST", action_path(bench), kLimit).status == 200);
  bench.client.order(bench.vin, {{"fault", "timeout"}});
  const auto reply = bench.send("POST", action_path(bench), kLimit);
  CHECK(ApiBench::json_of(reply).at("executed") == "unknown");
  CHECK(ApiBench::json_of(reply).at("upstream_requests") == 1);
}

TEST_CASE("action: a dry run says what would be sent") {
  const ApiBench bench({.action_endpoint = true});
  const auto found = ApiBench::json_of(bench.send("POST", action_path(bench) + "?dry_run=true", kLimit)).at("dry_run");
  CHECK(found.at("repeat") == "once");
  CHECK(found.at("payload") == "EgQqAghQ");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("action: a wrong body, VIN, method or caller is refused before anything is sent") {
  const ApiBench bench({.action_endpoint = true});
  CHECK(ApiBench::error_code(bench.send("POST", action_path(bench))) == "bad_request");
  CHECK(ApiBench::error_code(bench.send("POST", action_path(bench), R"({"percent": 80})")) == "bad_request");
  CHECK(ApiBench::error_code(bench.send("POST", "/fleetsign/v1/vehicles/short/action", kLimit)) == "bad_vin");
  CHECK(ApiBench::error_code(bench.send("GET", action_path(bench))) == "method_not_allowed");
  auto stranger = ApiBench::request("POST", action_path(bench), kLimit);
  stranger.headers.remove("Authorization");
  CHECK(ApiBench::error_code(bench.api.handle(stranger)) == "not_authenticated");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("action: the log names the message and nothing of what it says") {
  ApiBench bench;
  ops::Log log(ops::Level::info, ops::Format::json);
  const Api api({.action_endpoint = true}, bench.parts(log));
  const fleetsign::test::CapturedStderr captured;
  const auto body = R"({"domain":"infotainment","action":{"drivingSpeedLimitAction":{"activate":true,"pin":"9753"}}})";
  CHECK(api.handle(ApiBench::request("POST", action_path(bench), body)).status == 200);
  const auto text = captured.text();
  CHECK(Json::parse(text).at("command") == "drivingSpeedLimitAction");
  CHECK(text.find("9753") == std::string::npos);
}

}  // namespace fleetsign::api
