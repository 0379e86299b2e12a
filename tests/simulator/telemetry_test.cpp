// SPDX-License-Identifier: Apache-2.0
#include "simulator/telemetry.h"

#include <doctest/doctest.h>

#include <string>

#include "crypto/schnorr.h"
#include "tests/simulator/test_fleet.h"

namespace {

using fleetsign::test::Json;
using fleetsign::test::TestFleet;
namespace crypto = fleetsign::crypto;

const std::string kVehicles = "/api/1/vehicles/";
const std::string kSecond = "5YJS0000000000002";

std::string part(const Json& object) {
  return crypto::to_base64url(crypto::as_bytes(object.dump()));
}

std::string token_of(const crypto::PrivateKey& issuer, const crypto::PrivateKey& signer) {
  const Json claims{
      {"port", 443}, {"iss", crypto::to_base64(issuer.public_point())}, {"aud", "com.tesla.fleet.TelemetryClient"}};
  const auto text = part({{"alg", "Tesla.SS256"}, {"typ", "JWT"}}) + '.' + part(claims);
  return text + '.' + crypto::to_base64url(crypto::sign_schnorr(signer, crypto::as_bytes(text)));
}

fleetsign::http::Reply configure(TestFleet& scene, const Json& vins, const std::string& token) {
  return scene.send("POST", kVehicles + "fleet_telemetry_config_jws", Json{{"vins", vins}, {"token", token}}.dump());
}

Json response_of(const fleetsign::http::Reply& reply) {
  CHECK(reply.status == 200);
  return TestFleet::json_of(reply).at("response");
}

TEST_CASE("telemetry: a configuration is kept, read back and removed") {
  TestFleet scene;
  const auto& key = scene.client.key();
  CHECK(response_of(configure(scene, {scene.vin}, token_of(key, key))).dump() ==
        R"({"updated_vehicles":1,"skipped_vehicles":{"missing_key":[],"unsupported_hardware":[],)"
        R"("unsupported_firmware":[],"max_configs":[]}})");
  const auto path = scene.path("/fleet_telemetry_config");
  auto read = response_of(scene.send("GET", path));
  CHECK(read.at("synced") == true);
  CHECK(read.at("key_paired") == true);
  CHECK(read.at("limit_reached") == false);
  CHECK(read.at("config").at("port") == 443);
  CHECK(read.at("config").at("iss") == crypto::to_base64(key.public_point()));
  CHECK(response_of(scene.send("GET", scene.path("/fleet_telemetry_errors"))).at("fleet_telemetry_errors").empty());

  CHECK(response_of(scene.send("DELETE", path)).at("updated_vehicles") == 1);
  CHECK(response_of(scene.send("DELETE", path)).at("updated_vehicles") == 0);
  read = response_of(scene.send("GET", path));
  CHECK(read.at("config").is_null());
  CHECK(read.at("synced") == false);
}

TEST_CASE("telemetry: a vehicle that sleeps has its configuration, and follows it later") {
  TestFleet scene;
  const auto& key = scene.client.key();
  scene.order({{"fault", "asleep"}});
  CHECK(response_of(configure(scene, {scene.vin}, token_of(key, key))).at("updated_vehicles") == 1);
  const auto read = response_of(scene.send("GET", scene.path("/fleet_telemetry_config")));
  CHECK(read.at("synced") == false);
  CHECK(read.at("config").is_object());
}

TEST_CASE("telemetry: vehicles without the key or the firmware for it are skipped") {
  TestFleet scene(2);
  const auto& key = scene.client.key();
  CHECK(scene.send("POST", "/sim/v1/vehicles/" + kSecond + "/pairing", R"({"paired":false})", {}).status == 200);
  scene.order({{"fault", "no_protocol"}});
  const auto response = response_of(configure(scene, {scene.vin, kSecond}, token_of(key, key)));
  CHECK(response.at("updated_vehicles") == 0);
  CHECK(response.at("skipped_vehicles").at("missing_key") == Json{kSecond});
  CHECK(response.at("skipped_vehicles").at("unsupported_firmware") == Json{scene.vin});
}

TEST_CASE("telemetry: what another key has signed is taken, and reported by the vehicle") {
  TestFleet scene;
  const auto& key = scene.client.key();
  const auto other = crypto::PrivateKey::generate();
  const auto error = [&] {
    const auto errors =
        response_of(scene.send("GET", scene.path("/fleet_telemetry_errors"))).at("fleet_telemetry_errors");
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].at("vin") == scene.vin);
    return errors[0].at("error").get<std::string>();
  };
  CHECK(response_of(configure(scene, {scene.vin}, token_of(other, other))).at("updated_vehicles") == 1);
  CHECK(error() == "InvalidSignature: unknown issuer");
  CHECK(response_of(configure(scene, {scene.vin}, token_of(key, other))).at("updated_vehicles") == 1);
  CHECK(error() == "InvalidSignature: verification failed");
  CHECK(response_of(scene.send("GET", scene.path("/fleet_telemetry_config"))).at("synced") == false);
  const auto shown = TestFleet::json_of(scene.send("GET", "/sim/v1/vehicles/" + scene.vin, "", {})).at("telemetry");
  CHECK(shown.at("token") == token_of(key, other));
  CHECK(shown.at("error") == "InvalidSignature: verification failed");
}

TEST_CASE("telemetry: what is no request for it is refused, and changes nothing") {
  TestFleet scene;
  const auto& key = scene.client.key();
  const auto token = token_of(key, key);
  for (const Json& vins : {Json(nullptr), Json::array(), Json{1}, Json{scene.vin, "5YJS0000000000009"}}) {
    CAPTURE(vins.dump());
    CHECK(configure(scene, vins, token).status == 400);
  }
  CHECK(configure(scene, {scene.vin}, "a.b.c").status == 400);
  CHECK(scene.send("POST", kVehicles + "fleet_telemetry_config_jws", "[]").status == 400);
  CHECK(scene.send("POST", kVehicles + "fleet_telemetry_config_jws", "{").status == 406);
  const auto direct = scene.send("POST", kVehicles + "fleet_telemetry_config", "{}");
  CHECK(direct.status == 400);
  CHECK(TestFleet::json_of(direct).at("error").get<std::string>().find("Vehicle Command HTTP Proxy") !=
        std::string::npos);
  CHECK(TestFleet::json_of(scene.send("GET", "/sim/v1/vehicles/" + scene.vin, "", {})).at("telemetry").is_null());
}

}  // namespace
