// SPDX-License-Identifier: Apache-2.0
#include "simulator/fault_orders.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/simulator/test_fleet.h"

namespace {

using fleetsign::test::Json;
using fleetsign::test::TestFleet;

fleetsign::http::Reply post(TestFleet& scene, const std::string& body) {
  return scene.send("POST", "/sim/v1/vehicles/" + scene.vin + "/faults", body, {});
}

}  // namespace

TEST_CASE("fault orders: a bad one is refused with what is known, and changes nothing") {
  TestFleet scene;
  for (const char* body : {"",
                           "{",
                           "[]",
                           "7",
                           "null",
                           "{}",
                           R"({"fault":7})",
                           R"({"fault":"no_such_fault"})",
                           R"({"fault":"busy","count":0})",
                           R"({"fault":"busy","count":1000001})",
                           R"({"fault":"busy","count":1.5})",
                           R"({"fault":"busy","count":"1"})",
                           R"({"fault":"busy","count":-1})",
                           R"({"fault":"busy","on":"never"})",
                           R"({"fault":"busy","on":7})",
                           R"({"fault":"delay","ms":-1})",
                           R"({"fault":"delay","ms":600001})",
                           R"({"fault":"delay","ms":"1"})",
                           R"({"fault":"clock_skew"})",
                           R"({"fault":"clock_skew","ms":9999999999999999})",
                           R"({"fault":"421","host":7})",
                           R"({"fault":"500","error":7})",
                           R"({"fault":"busy","times":2})",
                           R"({"count":2})"}) {
    CAPTURE(body);
    const auto reply = post(scene, body);
    CHECK(reply.status == 400);
    const auto json = TestFleet::json_of(reply);
    CHECK_FALSE(json.at("error").get<std::string>().empty());
    CHECK(json.at("known").at("faults").size() == fleetsign::simulator::fault_rows().size());
    CHECK(json.at("known").at("on").size() == 3);
  }
  CHECK(scene.report().at("faults").empty());
}

TEST_CASE("fault orders: what was ordered is shown until it is done or removed") {
  TestFleet scene;
  const Json order{{"fault", "http_421"}, {"count", 3},  {"on", "any"}, {"ms", 5},
                   {"host", "https://a"}, {"error", "e"}};
  CHECK(TestFleet::json_of(post(scene, order.dump())).at("faults").at(0).dump() == order.dump());
  const auto path = "/sim/v1/vehicles/" + scene.vin + "/faults";
  CHECK(TestFleet::json_of(scene.send("GET", path)).at("faults").size() == 1);
  CHECK(TestFleet::json_of(scene.send("DELETE", path)).at("faults").empty());
  CHECK(scene.send("GET", scene.path()).status == 200);
}

TEST_CASE("fault orders: only so many can wait for a vehicle") {
  TestFleet scene;
  for (std::size_t i = 0; i < fleetsign::simulator::FaultQueue::kMost; ++i) {
    REQUIRE(post(scene, R"({"fault":"busy"})").status == 200);
  }
  CHECK(post(scene, R"({"fault":"busy"})").status == 400);
}
