// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/action.h"

#include <doctest/doctest.h>

#include <string>

#include "crypto/bytes.h"
#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {
namespace {

using protocol::Domain;
using protocol::Failure;
using protocol::Kind;
using protocol::Repeat;

Failure refusal_of(std::string_view body) {
  auto action = parse_action(body);
  return action ? Failure{.message = "accepted"} : std::move(action).error();
}

std::string message_for(const std::string& action) {
  return refusal_of(R"({"domain": "infotainment", "action": )" + action + "}").message;
}

}  // namespace

TEST_CASE("action: what has a row becomes the bytes of the row") {
  const auto limit = parse_action(R"({"domain":"infotainment","action":{"chargingSetLimitAction":{"percent":80}}})");
  REQUIRE(limit.ok());
  CHECK(limit->name == "chargingSetLimitAction");
  CHECK(limit->payload.domain == Domain::infotainment);
  CHECK(limit->payload.repeat == Repeat::once);
  CHECK(limit->payload.bytes == (*sent("set_charge_limit", R"({"percent": 80})"))->bytes);

  const auto lock = parse_action(R"({"domain":"vehicle_security","message":{"RKEAction":"RKE_ACTION_LOCK"}})");
  REQUIRE(lock.ok());
  CHECK(lock->name == "RKEAction");
  CHECK(lock->payload.domain == Domain::vehicle_security);
  CHECK(lock->payload.bytes == (*sent("door_lock", ""))->bytes);
}

TEST_CASE("action: unlock is 0, and is on the wire") {
  for (const std::string value : {"\"RKE_ACTION_UNLOCK\"", "0"}) {
    const auto unlock = parse_action(R"({"domain":"vehicle_security","message":{"RKEAction":)" + value + "}}");
    REQUIRE(unlock.ok());
    CHECK(crypto::to_hex(unlock->payload.bytes) == "1000");
  }
}

TEST_CASE("action: an empty message says something by being there") {
  const auto horn = parse_action(R"({"domain":"infotainment","action":{"vehicleControlHonkHornAction":{}}})");
  REQUIRE(horn.ok());
  CHECK(horn->payload.bytes == (*sent("honk_horn", ""))->bytes);
  const auto vent = parse_action(R"({"domain":"infotainment","action":{"vehicleControlWindowAction":{"vent":{}}}})");
  REQUIRE(vent.ok());
  CHECK(vent->payload.bytes == (*sent("window_control", R"({"command": "vent"})"))->bytes);
}

TEST_CASE("action: fields go by their names in the messages or in lower camel case") {
  const std::string head = R"({"domain":"infotainment","action":{"drivingSetSpeedLimitAction":{")";
  const auto plain = parse_action(head + "limit_mph\":65}}}");
  const auto camel = parse_action(head + "limitMph\":65}}}");
  REQUIRE(plain.ok());
  REQUIRE(camel.ok());
  CHECK(plain->payload.bytes == camel->payload.bytes);
}

TEST_CASE("action: a body of another shape is refused in words") {
  struct Row {
    std::string body;
    std::string message;
  };
  const std::string other_domain = "domain is neither infotainment nor vehicle_security";
  const std::string action_only = "beside domain, the body has the member action and no other";
  for (const auto& [body, message] :
       {Row{"", "the body is not JSON"}, Row{"{", "the body is not JSON"}, Row{"{} x", "the body is not JSON"},
        Row{std::string("{}\0", 3), "the body is not JSON"}, Row{"[]", "the body is not a JSON object"},
        Row{"null", "the body is not a JSON object"}, Row{"{}", other_domain},
        Row{R"({"domain": 3, "action": {"ping": {}}})", other_domain},
        Row{R"({"domain": "broadcast", "action": {"ping": {}}})", other_domain},
        Row{R"({"domain": "infotainment"})", action_only},
        Row{R"({"domain": "infotainment", "message": {"ping": {}}})", action_only},
        Row{R"({"domain": "infotainment", "action": {"ping": {}}, "x": 1})", action_only},
        Row{R"({"domain": "vehicle_security", "action": {"RKEAction": 1}})",
            "beside domain, the body has the member message and no other"},
        Row{R"({"domain": "infotainment", "domain": "infotainment", "action": {"ping": {}}})",
            "the body has domain twice"}}) {
    const auto& shown_body = body;
    CAPTURE(shown_body);
    const auto refusal = refusal_of(body);
    CHECK(refusal.kind == Kind::bad_request);
    CHECK(refusal.message == message);
    CHECK(refusal.hint.starts_with("for example {"));
  }
}

TEST_CASE("action: exactly one member is set") {
  for (const std::string action : {"{}", "[]", "3", "null", R"({"ping": {}, "mediaPlayAction": {}})"}) {
    CAPTURE(action);
    CHECK(message_for(action) == "action is not an object with exactly one member");
  }
  CHECK(message_for(R"({"ping": null})") == "action sets nothing");
  CHECK(message_for(R"({"ping": {}, "ping": {}})") == "the body has ping twice");
  CHECK(message_for(R"({"vehicleControlWindowAction": {"vent": {}, "close": {}}})") ==
        "a value of vehicleControlWindowAction is not of its type");
}

TEST_CASE("action: unknown members and values of another type are named, never shown") {
  CHECK(message_for(R"({"nope": {}})") == "a member is unknown: nope");
  CHECK(message_for(R"({"chargingSetLimitAction": {"precent": 80}})") ==
        "a member of chargingSetLimitAction is unknown: precent");
  CHECK(message_for(R"({"chargingSetLimitAction": {"percent": "lots"}})") ==
        "a value of chargingSetLimitAction.percent is not of its type");
  CHECK(message_for(R"({"chargingSetLimitAction": {"percent": 80.5}})") ==
        "a value of chargingSetLimitAction.percent is not of its type");
  CHECK(message_for(R"({"hvacSeatHeaterActions": {"hvacSeatHeaterAction": [{"SEAT_HEATER_LOW": 3}]}})") ==
        "a value of hvacSeatHeaterActions.hvacSeatHeaterAction[0].SEAT_HEATER_LOW is not of its type");
  CHECK(message_for("{\"(odd\x7F'name\": {}}") == "a member is unknown: ?odd??name");  // it begins as a place does
  CHECK(message_for(R"({"chargingSetLimitAction": [1]})") == "a value is not of its type");
  CHECK(message_for(R"({"drivingSpeedLimitAction": {"activate": true, "pin": 9753}})") ==
        "a value of drivingSpeedLimitAction.pin is not of its type");
  CHECK(message_for(R"({"ping": {"localTimestamp": "9753"}})").find("9753") == std::string::npos);
}

TEST_CASE("action: size and depth are bounded") {
  CHECK(refusal_of(std::string(kMaxBody + 1, ' ')).kind == Kind::too_large);
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  CHECK(message_for(R"({"ping": {"pingId": )" + deep + "}}") == "the body is nested deeper than 16");
}

}  // namespace fleetsign::catalogue
