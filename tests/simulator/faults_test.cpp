// SPDX-License-Identifier: Apache-2.0
#include "simulator/faults.h"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>

#include "tests/simulator/test_fleet.h"

namespace {

using fleetsign::test::honk;
using fleetsign::test::Json;
using fleetsign::test::kInfotainment;
using fleetsign::test::kSecurity;
using fleetsign::test::TestFleet;
using fleetsign::test::unlock;
using UniversalMessage::MessageFault_E;
using UniversalMessage::RoutableMessage;

/// A fleet whose first vehicle the client has greeted, and a fault ordered for the next command.
struct Scene : TestFleet {
  explicit Scene(const std::string& fault, Json order_for_it = Json::object()) {
    greet(kInfotainment);
    greet(kSecurity);
    order_for_it["fault"] = fault;
    order(order_for_it);
  }

  MessageFault_E fault_of(const RoutableMessage& request) {
    return message_of(post(request)).signedmessagestatus().signed_message_fault();
  }
};

using Clock = std::chrono::steady_clock;

}  // namespace

TEST_CASE("faults: one is for one command and then gone") {
  Scene scene("busy");
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_BUSY);
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  CHECK(scene.report().at("faults").empty());
}

TEST_CASE("faults: the count says how often, and orders are carried out in turn") {
  Scene scene("busy", {{"count", 2}});
  scene.order({{"fault", "timeout"}});
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_BUSY);
  CHECK(scene.report().at("faults").at(0).dump() == R"({"fault":"busy","count":1,"on":"command"})");
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_BUSY);
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_TIMEOUT);
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
}

TEST_CASE("faults: each waits for its occasion") {
  Scene scene("internal", {{"on", "handshake"}});
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  CHECK(scene.fault_of(scene.client.handshake(kInfotainment)) == UniversalMessage::MESSAGEFAULT_ERROR_INTERNAL);
  scene.order({{"fault", "internal"}});
  CHECK(scene.fault_of(scene.client.handshake(kInfotainment)) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_INTERNAL);
  scene.order({{"fault", "internal"}, {"on", "any"}});
  CHECK(scene.send("GET", scene.path()).status == 200);
  CHECK(scene.fault_of(scene.client.handshake(kInfotainment)) == UniversalMessage::MESSAGEFAULT_ERROR_INTERNAL);
}

TEST_CASE("faults: HTTP statuses reach every request to the vehicle when ordered for any") {
  Scene scene("429", {{"on", "any"}, {"count", 4}});
  CHECK(scene.send("GET", scene.path("/vehicle_data")).status == 429);
  CHECK(scene.send("GET", scene.path()).status == 429);
  CHECK(scene.send("POST", scene.path("/wake_up")).status == 429);
  CHECK(scene.send("POST", scene.path("/command/share"), "{}").status == 429);
  CHECK(scene.send("GET", scene.path()).status == 200);
  scene.order({{"fault", "429"}});
  CHECK(scene.send("GET", scene.path()).status == 200);
  CHECK(scene.send("POST", scene.path("/command/share"), "{}").status == 429);
}

TEST_CASE("faults: they concern one vehicle") {
  TestFleet scene(2);
  scene.order({{"fault", "500"}, {"on", "any"}});
  CHECK(scene.send("GET", "/api/1/vehicles/5YJS0000000000002").status == 200);
  CHECK(scene.send("GET", "/api/1/vehicles").status == 200);
  CHECK(scene.send("GET", scene.path()).status == 500);
}

TEST_CASE("faults: after a reboot the epoch is new, and the info comes with the refusal") {
  Scene scene("reboot");
  scene.now_ms = 60'000;
  const auto command = scene.client.command(honk());
  const auto reply = TestFleet::message_of(scene.post(command));
  CHECK(reply.signedmessagestatus().signed_message_fault() == UniversalMessage::MESSAGEFAULT_ERROR_INCORRECT_EPOCH);
  REQUIRE(scene.client.adopt(command, reply));
  CHECK(scene.client.session(kInfotainment).clock_time == 0);
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  CHECK(scene.executed() == 1);
}

TEST_CASE("faults: a rotated key is in the info, and the old one is dead") {
  Scene scene("rotate_key");
  const auto before = scene.client.session(kSecurity).domain_key;
  const auto command = scene.client.command(unlock());
  const auto reply = TestFleet::message_of(scene.post(command));
  CHECK(reply.signedmessagestatus().signed_message_fault() == UniversalMessage::MESSAGEFAULT_ERROR_INCORRECT_EPOCH);
  scene.greet(kSecurity);
  CHECK(scene.client.session(kSecurity).domain_key != before);
  CHECK(scene.fault_of(scene.client.command(unlock())) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
}

TEST_CASE("faults: a counter that is ahead refuses the client's next ones, in both domains") {
  for (const auto domain : {kInfotainment, kSecurity}) {
    Scene scene("counter_ahead");
    const auto send = [&] {
      return domain == kSecurity ? scene.client.command(unlock()) : scene.client.command(honk());
    };
    const auto command = send();
    const auto reply = TestFleet::message_of(scene.post(command));
    CHECK(reply.signedmessagestatus().signed_message_fault() ==
          UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
    REQUIRE(scene.client.adopt(command, reply));
    CHECK(scene.client.session(domain).counter == 100);
    CHECK(scene.fault_of(send()) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  }
}

TEST_CASE("faults: a clock that goes ahead lets commands expire, one that goes back lets them live too long") {
  Scene ahead("clock_skew", {{"ms", 60'000}});
  CHECK(ahead.fault_of(ahead.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_TIME_EXPIRED);
  Scene back("clock_skew", {{"ms", -60'000}});
  CHECK(back.fault_of(back.client.command(honk(), {.counter = 40})) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  CHECK(back.fault_of(back.client.command(honk(), {.counter = 39})) ==
        UniversalMessage::MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG);
}

TEST_CASE("faults: the vehicle's own refusals execute nothing and use up no counter") {
  struct Case {
    const char* fault;
    MessageFault_E code;
    UniversalMessage::OperationStatus_E status;
  };
  const Case cases[] = {
      {"busy", UniversalMessage::MESSAGEFAULT_ERROR_BUSY, UniversalMessage::OPERATIONSTATUS_ERROR},
      {"wait", UniversalMessage::MESSAGEFAULT_ERROR_NONE, UniversalMessage::OPERATIONSTATUS_WAIT},
      {"timeout", UniversalMessage::MESSAGEFAULT_ERROR_TIMEOUT, UniversalMessage::OPERATIONSTATUS_ERROR},
      {"internal", UniversalMessage::MESSAGEFAULT_ERROR_INTERNAL, UniversalMessage::OPERATIONSTATUS_ERROR},
      {"unpaired", UniversalMessage::MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID, UniversalMessage::OPERATIONSTATUS_ERROR},
  };
  for (const auto& c : cases) {
    CAPTURE(c.fault);
    Scene scene(c.fault);
    const auto command = scene.client.command(honk());
    const auto reply = TestFleet::message_of(scene.post(command));
    CHECK(reply.signedmessagestatus().signed_message_fault() == c.code);
    CHECK(reply.signedmessagestatus().operation_status() == c.status);
    CHECK(reply.request_uuid() == command.uuid());
    CHECK_FALSE(reply.has_session_info());
    CHECK(scene.executed() == 0);
    CHECK(scene.fault_of(command) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
  }
}

TEST_CASE("faults: an unpaired client is told so in its handshake") {
  Scene scene("unpaired", {{"on", "handshake"}});
  const auto reply = TestFleet::message_of(scene.post(scene.client.handshake(kInfotainment)));
  Signatures::SessionInfo info;
  REQUIRE(info.ParseFromString(reply.session_info()));
  CHECK(info.status() == Signatures::SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST);
}

TEST_CASE("faults: asleep and offline last until the vehicle is woken or the faults are removed") {
  Scene scene("offline");
  CHECK(scene.post(scene.client.command(honk())).status == 408);
  scene.send("POST", scene.path("/wake_up"));
  scene.now_ms = 60'000;
  CHECK(scene.report().at("state") == "offline");
  scene.send("DELETE", "/sim/v1/vehicles/" + scene.vin + "/faults");
  CHECK(scene.report().at("state") == "online");
  scene.order({{"fault", "asleep"}});
  CHECK(scene.report().at("state") == "asleep");
  scene.send("POST", scene.path("/wake_up"));
  scene.now_ms = 63'000;
  CHECK(scene.report().at("state") == "online");
}

TEST_CASE("faults: a dropped request is not executed, a dropped reply is, and neither is answered") {
  Scene request("drop_request");
  const auto first = request.post(request.client.command(honk()));
  REQUIRE(first.cut);
  CHECK_FALSE(first.cut->head);
  CHECK(request.executed() == 0);

  Scene reply("drop_reply");
  const auto second = reply.post(reply.client.command(honk()));
  REQUIRE(second.cut);
  CHECK_FALSE(second.cut->head);
  CHECK(reply.executed() == 1);
}

TEST_CASE("faults: a truncated reply ends in the middle of its body") {
  Scene scene("truncate_reply");
  const auto reply = scene.post(scene.client.command(honk()));
  REQUIRE(reply.cut);
  CHECK(reply.cut->head);
  CHECK(reply.cut->body_bytes > 0);
  CHECK(reply.cut->body_bytes < reply.body.size());
  CHECK(scene.executed() == 1);
}

TEST_CASE("faults: a garbled reply holds no envelope") {
  Scene scene("garbage_reply");
  const auto reply = scene.post(scene.client.command(honk()));
  const auto bytes = fleetsign::crypto::parse_base64(TestFleet::json_of(reply).at("response").get<std::string>());
  REQUIRE(bytes);
  RoutableMessage message;
  CHECK_FALSE(message.ParseFromString(fleetsign::crypto::as_text(*bytes)));
  CHECK(scene.executed() == 1);
}

TEST_CASE("faults: a message that arrives twice is executed once, and the second answer is the one that comes back") {
  Scene scene("duplicate_reply");
  const auto command = scene.client.command(honk());
  const auto reply = TestFleet::message_of(scene.post(command));
  CHECK(reply.signedmessagestatus().signed_message_fault() ==
        UniversalMessage::MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  CHECK(reply.request_uuid() == command.uuid());
  CHECK(scene.client.adopt(command, reply));
  CHECK(scene.executed() == 1);
}

TEST_CASE("faults: a replayed reply is the one to the command before") {
  Scene scene("replay_reply", {{"on", "handshake"}});
  scene.post(scene.client.handshake(kInfotainment));
  const auto first = scene.client.command(honk());
  const auto genuine = TestFleet::message_of(scene.post(first));
  scene.order({{"fault", "replay_reply"}});
  const auto second = scene.client.command(honk());
  const auto replayed = TestFleet::message_of(scene.post(second));
  CHECK(replayed.SerializeAsString() == genuine.SerializeAsString());
  CHECK(replayed.request_uuid() == first.uuid());
  CHECK_FALSE(scene.client.open(second, replayed));
  CHECK(scene.executed() == 2);
}

TEST_CASE("faults: a reply for another request is addressed to it") {
  Scene scene("wrong_request_reply", {{"count", 2}});
  const auto infotainment = scene.client.command(honk());
  const auto foreign = TestFleet::message_of(scene.post(infotainment));
  CHECK(foreign.request_uuid() != infotainment.uuid());
  CHECK_FALSE(foreign.request_uuid().empty());
  CHECK(foreign.to_destination().routing_address() != infotainment.from_destination().routing_address());
  const auto security = scene.client.command(unlock());
  const auto other = TestFleet::message_of(scene.post(security));
  CHECK(other.request_uuid().empty());
  CHECK(other.to_destination().routing_address() != security.from_destination().routing_address());
  CHECK(scene.executed() == 2);
}

TEST_CASE("faults: a plaintext reply is not encrypted although that was asked for") {
  Scene scene("plaintext_reply");
  const auto reply = TestFleet::message_of(scene.post(scene.client.command(honk())));
  CHECK_FALSE(reply.has_signature_data());
  CHECK(reply.protobuf_message_as_bytes() == std::string("\x0A\x00", 2));
  CHECK(scene.executed() == 1);
}

TEST_CASE("faults: a reply that is too large leaves open that the command was executed") {
  Scene scene("response_too_large");
  CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_RESPONSE_MTU_EXCEEDED);
  CHECK(scene.executed() == 1);
}

TEST_CASE("faults: a late reply and a delayed request take as long as ordered") {
  for (const char* fault : {"late_reply", "delay"}) {
    CAPTURE(fault);
    Scene scene(fault, {{"ms", 30}});
    const auto start = Clock::now();
    CHECK(scene.fault_of(scene.client.command(honk())) == UniversalMessage::MESSAGEFAULT_ERROR_NONE);
    CHECK(Clock::now() - start >= std::chrono::milliseconds(30));
    CHECK(scene.executed() == 1);
  }
}

TEST_CASE("faults: HTTP statuses have Fleet API's words, and execute nothing") {
  struct Case {
    const char* fault;
    int status;
    const char* error;
  };
  const Case cases[] = {
      {"http_401", 401, "token expired (401)"},
      {"403", 403, "Unauthorized missing scopes"},
      {"408", 408, "vehicle unavailable: vehicle is offline or asleep"},
      {"422", 422, "vehicle does not support the Tesla Vehicle Command Protocol"},
      {"429", 429, "Too Many Requests"},
      {"500", 500, "internal server error"},
      {"502", 502, "bad gateway"},
      {"http_503", 503, "vehicle is not available"},
      {"504", 504, "gateway timeout"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.fault);
    Scene scene(c.fault);
    const auto reply = scene.post(scene.client.command(honk()));
    CHECK(reply.status == c.status);
    CHECK(TestFleet::json_of(reply).at("error") == c.error);
    CHECK(scene.executed() == 0);
  }
}

TEST_CASE("faults: the text of an HTTP error can be ordered too") {
  Scene scene("408", {{"error", "timed out"}});
  CHECK(TestFleet::json_of(scene.post(scene.client.command(honk()))).at("error") == "timed out");
}

TEST_CASE("faults: a 429 says when to come again, in whole seconds") {
  Scene scene("429");
  CHECK(*scene.post(scene.client.command(honk())).headers.find("Retry-After") == "1");
  scene.order({{"fault", "429"}, {"ms", 2'001}});
  CHECK(*scene.post(scene.client.command(honk())).headers.find("Retry-After") == "3");
}

TEST_CASE("faults: a 421 names the host to use") {
  Scene scene("421");
  const auto error = [&] { return TestFleet::json_of(scene.post(scene.client.command(honk()))).at("error"); };
  constexpr std::string_view kPrefix = "user out of region, use base URL: ";
  CHECK(error().get<std::string>().starts_with(std::string(kPrefix) +
                                               "https://fleet-api.prd.eu.vn.cloud.tesla.com, see https://"));
  scene.order({{"fault", "421"}, {"host", "fleet-api.example.tesla.com"}});
  CHECK(error().get<std::string>().starts_with(std::string(kPrefix) + "https://fleet-api.example.tesla.com, see"));
  scene.order({{"fault", "421"}, {"host", "http://127.0.0.1:8080"}});
  CHECK(error().get<std::string>().starts_with(std::string(kPrefix) + "http://127.0.0.1:8080, see"));
  scene.order({{"fault", "421"}, {"host", "fleet-api.example.tesla.com"}, {"error", "elsewhere"}});
  const auto reply = scene.post(scene.client.command(honk()));
  CHECK(*reply.headers.find("Alt-Svc") == "h2=https://fleet-api.example.tesla.com");
}

TEST_CASE("faults: every name of the documentation is a row, and no row has the name of another") {
  const std::set<std::string> documented{"reboot",
                                         "rotate_key",
                                         "counter_ahead",
                                         "clock_skew",
                                         "busy",
                                         "wait",
                                         "timeout",
                                         "internal",
                                         "unpaired",
                                         "asleep",
                                         "offline",
                                         "drop_request",
                                         "drop_reply",
                                         "truncate_reply",
                                         "garbage_reply",
                                         "duplicate_reply",
                                         "replay_reply",
                                         "late_reply",
                                         "wrong_request_reply",
                                         "plaintext_reply",
                                         "response_too_large",
                                         "delay",
                                         "http_401",
                                         "http_403",
                                         "http_408",
                                         "http_421",
                                         "http_422",
                                         "http_429",
                                         "http_500",
                                         "http_502",
                                         "http_503",
                                         "http_504"};
  std::set<std::string> rows;
  for (const auto& row : fleetsign::simulator::fault_rows()) CHECK(rows.insert(std::string(row.name)).second);
  for (const auto& name : documented) {
    CAPTURE(name);
    CHECK(rows.count(name) == 1);
  }
}
