// SPDX-License-Identifier: Apache-2.0
#include "simulator/fleet_api.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/simulator/test_fleet.h"

namespace {

using fleetsign::test::honk;
using fleetsign::test::Json;
using fleetsign::test::kInfotainment;
using fleetsign::test::kSecurity;
using fleetsign::test::TestFleet;
using fleetsign::test::unlock;

std::vector<std::string> members_of(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

void check_error(const fleetsign::http::Reply& reply, int status, const std::string& error) {
  CHECK(reply.status == status);
  const auto body = TestFleet::json_of(reply);
  CHECK(body.at("response").is_null());
  CHECK(body.at("error") == error);
  CHECK(body.contains("error_description"));
}

constexpr const char* kAsleep = "vehicle unavailable: vehicle is offline or asleep";

}  // namespace

TEST_CASE("fleet api: a signed command goes to the vehicle and back, and is seen in vehicle_data") {
  TestFleet scene;
  scene.greet(kSecurity);
  const auto reply = scene.post(scene.client.command(unlock()));
  CHECK_FALSE(TestFleet::message_of(reply).has_signedmessagestatus());
  const auto data = TestFleet::json_of(scene.send("GET", scene.path("/vehicle_data"))).at("response");
  CHECK(data.at("vehicle_state").at("locked") == false);
}

TEST_CASE("fleet api: every reply has a transaction id of its own") {
  TestFleet scene;
  const auto first = scene.send("GET", "/status");
  const auto second = scene.send("GET", "/no/such/path");
  REQUIRE(first.headers.find("X-TXID") != nullptr);
  CHECK(first.headers.find("x-txid")->size() == 32);
  CHECK(*first.headers.find("x-txid") != *second.headers.find("x-txid"));
}

TEST_CASE("fleet api: a vehicle has the members of the documentation, in its order") {
  TestFleet scene;
  const std::vector<std::string> expected{"id",
                                          "vehicle_id",
                                          "vin",
                                          "color",
                                          "access_type",
                                          "display_name",
                                          "option_codes",
                                          "granular_access",
                                          "tokens",
                                          "state",
                                          "in_service",
                                          "id_s",
                                          "calendar_enabled",
                                          "api_version",
                                          "backseat_token",
                                          "backseat_token_updated_at"};
  const auto vehicle = TestFleet::json_of(scene.send("GET", scene.path())).at("response");
  CHECK(members_of(vehicle) == expected);
  CHECK(vehicle.at("id") == 100021);
  CHECK(vehicle.at("vehicle_id") == 99999);
  CHECK(vehicle.at("vin") == scene.vin);
  CHECK(vehicle.at("id_s") == "100021");
  CHECK(vehicle.at("state") == "online");
  CHECK(vehicle.at("tokens").size() == 2);
  CHECK(vehicle.at("granular_access").at("hide_private") == false);
  const auto list = TestFleet::json_of(scene.send("GET", "/api/1/vehicles"));
  CHECK(list.at("response").at(0) == vehicle);
  CHECK(members_of(list) == std::vector<std::string>{"response", "pagination", "count"});
}

TEST_CASE("fleet api: the list comes in pages") {
  TestFleet scene(5);
  const auto page = [&](const std::string& query) {
    return TestFleet::json_of(scene.send("GET", "/api/1/vehicles" + query));
  };
  const auto all = page("");
  CHECK(all.at("count") == 5);
  CHECK(all.at("pagination").dump() ==
        R"({"previous":null,"next":null,"current":1,"per_page":100,"count":5,"pages":1})");
  const auto second = page("?page=2&per_page=2");
  CHECK(second.at("pagination").dump() == R"({"previous":1,"next":3,"current":2,"per_page":2,"count":5,"pages":3})");
  REQUIRE(second.at("response").size() == 2);
  CHECK(second.at("response").at(0).at("vin") == "5YJS0000000000003");
  CHECK(second.at("response").at(0).at("id") == 100023);
  CHECK(page("?page=3&per_page=2").at("response").size() == 1);
  CHECK(page("?page=9&per_page=2").at("response").empty());
  CHECK(page("?page=4294967295&per_page=4294967295").at("response").empty());
  CHECK(page("?page=0&per_page=x").at("response").size() == 5);
}

TEST_CASE("fleet api: an id does in place of a VIN") {
  TestFleet scene(2);
  CHECK(TestFleet::json_of(scene.send("GET", "/api/1/vehicles/100022")).at("response").at("vin") ==
        "5YJS0000000000002");
  for (const char* tag : {"100020", "100023", "0", "5YJS0000000000000", "5YJS0000000000003", "5YJS000000000000x",
                          "5YJ30123456789ABC", "99999999999999999999", "-1", "%20"}) {
    CAPTURE(tag);
    check_error(scene.send("GET", std::string("/api/1/vehicles/") + tag), 404, "not_found");
  }
}

TEST_CASE("fleet api: vehicle_data has its objects, each with the time in milliseconds") {
  TestFleet scene;
  const auto before = TestFleet::json_of(scene.send("GET", scene.path("/vehicle_data"))).at("response");
  for (const char* member : {"id", "user_id", "vehicle_id", "vin", "state"}) CHECK(before.contains(member));
  CHECK_FALSE(before.contains("display_name"));
  CHECK_FALSE(before.contains("option_codes"));
  for (const char* name :
       {"charge_state", "climate_state", "drive_state", "gui_settings", "vehicle_config", "vehicle_state"}) {
    CAPTURE(name);
    CHECK(before.at(name).at("timestamp").get<std::int64_t>() > 1'600'000'000'000);
  }
  CHECK_FALSE(before.contains("location_data"));
  scene.now_ms = 5'000;
  const auto after = TestFleet::json_of(scene.send("GET", scene.path("/vehicle_data"))).at("response");
  CHECK(after.at("charge_state").at("timestamp").get<std::int64_t>() -
            before.at("charge_state").at("timestamp").get<std::int64_t>() ==
        5'000);
}

TEST_CASE("fleet api: vehicle_data has just the objects that were asked for") {
  TestFleet scene;
  const auto data =
      TestFleet::json_of(scene.send("GET", scene.path("/vehicle_data?endpoints=location_data%3Bcharge_state")))
          .at("response");
  CHECK(data.contains("location_data"));
  CHECK(data.contains("charge_state"));
  CHECK_FALSE(data.contains("climate_state"));
  for (const char* ending : {"%", "%3", "%zz", "&x", "=", ""}) {
    CHECK(scene.send("GET", scene.path("/vehicle_data?x=1&endpoints=charge_state%3B") + ending).status == 200);
  }
  const auto everything =
      TestFleet::json_of(scene.send("GET", scene.path("/vehicle_data?endpoints=vehicle_data_combo"))).at("response");
  CHECK(everything.contains("closures_state"));
  CHECK(everything.contains("charge_schedule_data"));
}

TEST_CASE("fleet api: a sleeping vehicle is listed, takes no command, and wakes up after a while") {
  TestFleet scene;
  scene.greet(kInfotainment);
  scene.order({{"fault", "asleep"}});
  CHECK(TestFleet::json_of(scene.send("GET", scene.path())).at("response").at("state") == "asleep");
  check_error(scene.post(scene.client.command(honk())), 408, kAsleep);
  check_error(scene.post(scene.client.handshake(kInfotainment)), 408, kAsleep);
  check_error(scene.send("GET", scene.path("/vehicle_data")), 408, kAsleep);
  check_error(scene.send("POST", scene.path("/command/navigation_request"), "{}"), 408, kAsleep);

  const auto woken = TestFleet::json_of(scene.send("POST", scene.path("/wake_up"))).at("response");
  CHECK(woken.at("state") == "asleep");
  CHECK(woken.contains("user_id"));
  CHECK_FALSE(woken.contains("display_name"));
  scene.now_ms = 3'000;
  CHECK(TestFleet::json_of(scene.send("GET", scene.path())).at("response").at("state") == "online");
  CHECK(scene.post(scene.client.command(honk())).status == 200);
  CHECK(scene.executed() == 1);
}

TEST_CASE("fleet api: an unsigned command needs a signature, unless Fleet API itself has work to do for it") {
  TestFleet scene;
  const auto refused = scene.send("POST", scene.path("/command/door_lock"), "{}");
  CHECK(refused.status == 403);
  CHECK(TestFleet::json_of(refused).at("error").get<std::string>().starts_with(
      "Tesla Vehicle Command Protocol required, please refer to the documentation here: https://"));

  const std::string body = R"({ "type": "share_ext_content_raw",  "value": {"a": "\u00e9"} })";
  const auto taken = scene.send("POST", scene.path("/command/navigation_request"), body);
  CHECK(taken.body == R"({"response":{"result":true,"reason":""}})");
  CHECK(scene.report().at("unsigned").dump() == Json::array({{{"name", "navigation_request"}, {"body", body}}}).dump());
}

TEST_CASE("fleet api: a vehicle without the protocol takes unsigned commands and no signed ones") {
  TestFleet scene;
  scene.order({{"fault", "no_protocol"}});
  check_error(scene.post(scene.client.handshake(kInfotainment)), 422,
              "vehicle does not support the Tesla Vehicle Command Protocol");
  CHECK(scene.send("POST", scene.path("/command/door_lock"), "{}").status == 200);
  CHECK(scene.report().at("unsigned").at(0).at("name") == "door_lock");
  scene.send("DELETE", "/sim/v1/vehicles/" + scene.vin + "/faults");
  CHECK(scene.post(scene.client.handshake(kInfotainment)).status == 200);
}

TEST_CASE("fleet api: fleet_status tells which vehicles are paired") {
  TestFleet scene(2);
  const auto status = TestFleet::json_of(scene.send("POST", "/api/1/vehicles/fleet_status",
                                                    R"({"vins":["5YJS0000000000002","unknown",7]})"))
                          .at("response");
  CHECK(status.at("key_paired_vins").dump() == R"(["5YJS0000000000002"])");
  CHECK(status.at("unpaired_vins").empty());
  const auto info = status.at("vehicle_info").at("5YJS0000000000002");
  CHECK(info.at("vehicle_command_protocol_required") == true);
  CHECK(info.at("total_number_of_keys") == 1);
  CHECK(status.at("vehicle_info").size() == 1);
  for (const char* body : {"[]", "{}", R"({"vins":"x"})", "7"}) {
    CHECK(scene.send("POST", "/api/1/vehicles/fleet_status", body).status == 400);
  }
}

TEST_CASE("fleet api: fleet_status tells of a vehicle that accepts no key, and of one with an old firmware") {
  TestFleet scene;
  const auto ask = [&] {
    const auto body = R"({"vins":["5YJS0000000000001"]})";
    return TestFleet::json_of(scene.send("POST", "/api/1/vehicles/fleet_status", body)).at("response");
  };
  CHECK(scene.send("POST", "/sim/v1/vehicles/" + scene.vin + "/pairing", R"({"paired":false})", {}).status == 200);
  auto status = ask();
  CHECK(status.at("key_paired_vins").empty());
  CHECK(status.at("unpaired_vins") == Json{scene.vin});
  CHECK(status.at("vehicle_info").at(scene.vin).at("total_number_of_keys") == 0);

  scene.order({{"fault", "no_protocol"}});
  CHECK(scene.send("POST", "/sim/v1/vehicles/" + scene.vin + "/pairing", R"({"paired":true})", {}).status == 200);
  status = ask();
  CHECK(status.at("key_paired_vins") == Json{scene.vin});
  const auto info = status.at("vehicle_info").at(scene.vin);
  CHECK(info.at("vehicle_command_protocol_required") == false);
  CHECK(info.at("firmware_version") == "2022.44.30");
}

TEST_CASE("fleet api: an app that has registered a key is asked for that one, whatever else a vehicle accepts") {
  TestFleet scene;
  const auto paired = [&] {
    const auto body = R"({"vins":["5YJS0000000000001"]})";
    return TestFleet::json_of(scene.send("POST", "/api/1/vehicles/fleet_status", body))
               .at("response")
               .at("key_paired_vins")
               .size() == 1;
  };
  const auto registers = [&](const fleetsign::crypto::PublicPoint& key) {
    const Json hosted{{"domain", "car.example.com"}, {"public_key", fleetsign::crypto::to_hex(key)}};
    REQUIRE(scene.send("POST", "/sim/v1/oauth/hosted_keys", hosted.dump()).status == 200);
    REQUIRE(scene.send("POST", "/api/1/partner_accounts", R"({"domain":"car.example.com"})").status == 200);
  };
  registers(fleetsign::crypto::PrivateKey::generate().public_point());
  CHECK_FALSE(paired());
  registers(scene.client.point());
  CHECK(paired());
}

TEST_CASE("fleet api: a fleet without enrolled keys is unpaired") {
  fleetsign::simulator::Fleet fleet({.clock = [] { return std::chrono::milliseconds(0); }});
  fleetsign::http::Request request;
  request.method = "POST";
  request.path = "/api/1/vehicles/fleet_status";
  request.headers = {{"Authorization", "Bearer x"}, {"Content-Type", "application/json; charset=utf-8"}};
  request.body = R"({"vins":["5YJS0000000000001"]})";
  CHECK(Json::parse(fleet.handle(request).body).at("response").at("unpaired_vins").size() == 1);
}

TEST_CASE("fleet api: without a token there is nothing but the status") {
  TestFleet scene;
  CHECK(scene.send("GET", "/status", "", {}).body == "ok");
  for (const char* credential : {"", "Basic abc", "Bearer", "Bearer "}) {
    CAPTURE(credential);
    fleetsign::http::Headers headers;
    if (*credential != 0) headers.set("Authorization", credential);
    check_error(scene.send("GET", "/api/1/vehicles", "", headers), 401, "token expired (401)");
    check_error(scene.send("POST", scene.path("/signed_command"), "{}", headers), 401, "token expired (401)");
  }
  CHECK(scene.send("GET", "/api/1/vehicles", "", {{"authorization", "bearer x"}}).status == 200);
}

TEST_CASE("fleet api: unknown paths are 404, known paths with another method 405 with the methods they have") {
  TestFleet scene;
  for (const char* path : {"/", "/api/1/vehicles/", "/api/1/users/me", "/api/2/vehicles", "/api/1"}) {
    check_error(scene.send("GET", path), 404, "not_found");
  }
  check_error(scene.send("POST", scene.path("/no_such_thing")), 404, "not_found");
  struct Case {
    std::string method;
    std::string path;
    std::string allowed;
  };
  for (const auto& c : {Case{"GET", scene.path("/signed_command"), "POST"}, Case{"DELETE", scene.path(), "GET"},
                        Case{"GET", "/api/1/vehicles/fleet_status", "POST"}, Case{"PUT", "/status", "GET"}}) {
    const auto reply = scene.send(c.method, c.path);
    check_error(reply, 405, "Method Not Allowed");
    CHECK(*reply.headers.find("Allow") == c.allowed);
  }
}

TEST_CASE("fleet api: a body that is not JSON, or does not say so, is 406") {
  TestFleet scene;
  check_error(scene.send("POST", scene.path("/signed_command"), "which_trunk=rear"), 406, "not_a_JSON_request");
  check_error(scene.send("POST", scene.path("/signed_command")), 406, "not_a_JSON_request");
  check_error(scene.send("POST", scene.path("/command/share"), "{"), 406, "not_a_JSON_request");
  fleetsign::http::Request request;
  request.method = "POST";
  request.path = scene.path("/signed_command");
  request.headers = {{"Authorization", "Bearer x"}, {"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = "{}";
  check_error(scene.fleet.handle(request), 406, "not_a_JSON_request");
}

TEST_CASE("fleet api: JSON without an envelope is 400") {
  TestFleet scene;
  auto encrypted = scene.client.handshake(kInfotainment);
  encrypted.mutable_signature_data()->mutable_aes_gcm_personalized_data();
  const auto text = fleetsign::crypto::to_base64(fleetsign::crypto::as_bytes(encrypted.SerializeAsString()));
  for (const std::string& body :
       {std::string("{}"), std::string("[]"), std::string("null"), std::string(R"({"routable_message":7})"),
        std::string(R"({"routable_message":"*"})"), std::string(R"({"routable_message":"AAEC"})"),
        R"({"routable_message":")" + text + "\"}"}) {
    CAPTURE(body);
    check_error(scene.send("POST", scene.path("/signed_command"), body), 400, "invalid_request");
  }
}
