// SPDX-License-Identifier: Apache-2.0
#include "simulator/control.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/simulator/test_fleet.h"

namespace {

using fleetsign::test::honk;
using fleetsign::test::kInfotainment;
using fleetsign::test::kSecurity;
using fleetsign::test::TestFleet;
using fleetsign::test::unlock;

}  // namespace

TEST_CASE("control: a vehicle shows what was executed, by whom and with which counters") {
  TestFleet scene;
  scene.greet(kInfotainment);
  scene.greet(kSecurity);
  scene.post(scene.client.command(honk(), {.counter = 4}));
  scene.now_ms = 1'500;
  scene.post(scene.client.command(unlock(), {.counter = 2}));
  CarServer::VehicleAction stop;
  stop.mutable_chargingstartstopaction()->mutable_stop();
  scene.post(scene.client.command(stop, {.counter = 5}));

  const auto key = fleetsign::crypto::to_hex(fleetsign::crypto::ByteView(scene.client.point()).subspan(1, 4));
  const auto report = scene.report();
  CHECK(report.at("vin") == scene.vin);
  CHECK(report.at("state") == "online");
  CHECK(report.at("executed_total") == 2);
  CHECK(report.at("refused_total") == 1);
  CHECK(report.at("handshakes_total") == 2);
  CHECK(report.at("executed").at(0).dump() ==
        R"({"name":"honk_horn","domain":"infotainment","counter":4,"key":")" + key + R"(","at_ms":0})");
  CHECK(report.at("executed").at(1).at("domain") == "vehicle_security");
  CHECK(report.at("executed").at(1).at("at_ms") == 1'500);
  CHECK(report.at("domains").at("infotainment").at("counters").at(key) == 5);
  CHECK(report.at("domains").at("vehicle_security").at("counters").at(key) == 2);
  CHECK(report.at("domains").at("vehicle_security").at("epoch").get<std::string>().size() == 32);
  CHECK(report.at("counts").at("honks") == 1);
  CHECK(report.at("car").at("vehicle_state").at("locked") == false);
}

TEST_CASE("control: requests are counted by endpoint and vehicle until the counts are cleared") {
  TestFleet scene(2);
  scene.greet(kInfotainment);
  scene.post(scene.client.command(honk()));
  scene.send("GET", "/api/1/vehicles");
  scene.send("GET", "/api/1/vehicles/100022");
  scene.send("GET", "/api/1/no/such/path");
  scene.send("GET", scene.path("/signed_command"));
  scene.report();

  auto counts = TestFleet::json_of(scene.send("GET", "/sim/v1/requests", "", {}));
  CHECK(counts.at("total") == 6);
  CHECK(counts.at("endpoints").at("signed_command").at("total") == 2);
  CHECK(counts.at("endpoints").at("signed_command").at("vehicles").at(scene.vin) == 2);
  CHECK(counts.at("endpoints").at("vehicle").at("vehicles").at("5YJS0000000000002") == 1);
  CHECK(counts.at("endpoints").at("vehicles").at("total") == 1);
  CHECK(counts.at("endpoints").at("other").at("total") == 2);
  CHECK(counts.at("endpoints").at("wake_up").at("total") == 0);

  counts = TestFleet::json_of(scene.send("DELETE", "/sim/v1/requests", "", {}));
  CHECK(counts.at("total") == 0);
  CHECK(counts.at("endpoints").at("signed_command").at("vehicles").empty());
}

TEST_CASE("control: a dropped request has been made") {
  TestFleet scene;
  scene.order({{"fault", "drop_request"}, {"on", "any"}});
  scene.send("GET", scene.path());
  const auto counts = TestFleet::json_of(scene.send("GET", "/sim/v1/requests", "", {}));
  CHECK(counts.at("endpoints").at("vehicle").at("total") == 1);
}

TEST_CASE("control: what there is not is 404, a method that there is not 405") {
  TestFleet scene;
  CHECK(scene.send("GET", "/sim/v1/vehicles/5YJS0000000000002").status == 404);
  CHECK(scene.send("GET", "/sim/v1/nothing").status == 404);
  const auto reply = scene.send("PUT", "/sim/v1/vehicles/" + scene.vin + "/faults");
  CHECK(reply.status == 405);
  CHECK(*reply.headers.find("Allow") == "GET, POST, DELETE");
}

TEST_CASE("control: the charging cable is unplugged and plugged in") {
  TestFleet scene;
  const std::string path = "/sim/v1/vehicles/" + scene.vin + "/cable";
  const auto state = [&] { return scene.report().at("car").at("charge_state").at("charging_state"); };
  const auto reply = scene.send("POST", path, R"({"connected": false})");
  CHECK(reply.status == 200);
  CHECK(TestFleet::json_of(reply).dump() == R"({"connected":false})");
  CHECK(state() == "Disconnected");
  for (const auto* body : {"", "[]", "{}", R"({"connected": 1})"}) {
    CAPTURE(body);
    CHECK(scene.send("POST", path, body).status == 400);
  }
  CHECK(state() == "Disconnected");
  scene.send("POST", path, R"({"connected": true})");
  CHECK(state() == "Stopped");
}

TEST_CASE("control: a vehicle that is to accept no key says so to handshakes and commands, until it is paired again") {
  TestFleet scene;
  const std::string path = "/sim/v1/vehicles/" + scene.vin + "/pairing";
  scene.greet(kSecurity);
  CHECK(TestFleet::json_of(scene.send("POST", path, R"({"paired":false})")).dump() == R"({"paired":false})");
  Signatures::SessionInfo info;
  const auto greeting = TestFleet::message_of(scene.post(scene.client.handshake(kSecurity)));
  REQUIRE(info.ParseFromString(greeting.session_info()));
  CHECK(info.status() == Signatures::SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST);
  const auto refusal = TestFleet::message_of(scene.post(scene.client.command(unlock())));
  CHECK(refusal.signedmessagestatus().signed_message_fault() == UniversalMessage::MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID);
  CHECK(scene.executed() == 0);

  CHECK(scene.send("POST", path, R"({"paired":"yes"})").status == 400);
  CHECK(scene.send("POST", path, R"({"paired":true,"key":"00000000"})").status == 400);
  CHECK(scene.send("POST", path, R"({"paired":true,"key":1})").status == 400);
  scene.send("POST", path, R"({"paired":true})");
  TestFleet::message_of(scene.post(scene.client.command(unlock())));
  CHECK(scene.executed() == 1);
}

TEST_CASE("control: texts of a client that are not UTF-8 do not break the report") {
  TestFleet scene;
  scene.order({{"fault", "no_protocol"}});
  CHECK(scene.send("POST", scene.path("/command/\xFF\xFE"), "\"\\u0000\"").status == 200);
  CHECK(scene.report().at("unsigned").size() == 1);
}

TEST_CASE("control: the last unsigned commands are remembered, as many as there is room for") {
  TestFleet scene;
  for (int i = 0; i < 25; ++i) scene.send("POST", scene.path("/command/share"), std::to_string(i));
  const auto commands = scene.report().at("unsigned");
  REQUIRE(commands.size() == 20);
  CHECK(commands.at(0).at("body") == "5");
}
