// SPDX-License-Identifier: Apache-2.0
// Two keys: the one that is being replaced, and the next one, for the vehicles that are paired with it.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "daemon/api/diagnosis/judgements.h"
#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/api/keyed.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::check_failure;
using test::House;
using test::Json;

const std::string kMoved = "5YJS0000000000001";
const std::string kWaiting = "5YJS0000000000002";

/// Of which the first vehicle has the next key.
struct Change {
  ApiBench bench{{.domain = "partner.example"}, {}, House{.next_key_vehicles = {kMoved}}};

  [[nodiscard]] http::Reply honk(const std::string& vin) const {
    return bench.send("POST", "/api/1/vehicles/" + vin + "/command/honk_horn");
  }
  /// As the simulator has it.
  static std::string name_of(const crypto::PrivateKey& key) {
    return crypto::to_hex(crypto::ByteView(key.public_point()).subspan(1, 4));
  }
  /// With which key the vehicle's last command was signed.
  std::string signer_at(const std::string& vin) {
    return bench.client.report(vin).at("executed").back().at("key").get<std::string>();
  }
  [[nodiscard]] http::Reply configure(const Json& vins) const {
    const Json body{{"vins", vins}, {"config", {{"hostname", "t.example"}, {"ca", "PEM"}, {"fields", Json::object()}}}};
    return bench.send("POST", "/api/1/vehicles/fleet_telemetry_config", body.dump());
  }
};

TEST_CASE("next key: each vehicle is commanded with the key that it is listed for") {
  Change change;
  change.bench.client.pair(kMoved, change.bench.keys.next()->public_point());
  change.bench.client.pair(kWaiting, change.bench.keys.usual()->public_point());
  for (int round = 0; round < 2; ++round) {
    CHECK(change.honk(kMoved).status == 200);
    CHECK(change.honk(kWaiting).status == 200);
  }
  CHECK(change.signer_at(kMoved) == Change::name_of(*change.bench.keys.next()));
  CHECK(change.signer_at(kWaiting) == Change::name_of(*change.bench.keys.usual()));
}

TEST_CASE("next key: a vehicle that does not know its key is told by what to do in either case") {
  Change change;
  change.bench.client.pair(kMoved, change.bench.keys.usual()->public_point());
  change.bench.client.pair(kWaiting, change.bench.keys.next()->public_point());
  const auto moved = change.honk(kMoved);
  check_failure(moved, 412, "key_not_paired", "no");
  CHECK(ApiBench::json_of(moved).at("hint").get<std::string>().find("take the vehicle out of `next_key_vehicles`") !=
        std::string::npos);
  const auto waiting = change.honk(kWaiting);
  check_failure(waiting, 412, "key_not_paired", "no");
  CHECK(ApiBench::json_of(waiting).at("hint").get<std::string>().find("add the vehicle to `next_key_vehicles`") !=
        std::string::npos);
}

TEST_CASE("next key: a telemetry configuration is signed with the key of its vehicles") {
  Change change;
  change.bench.client.pair(kMoved, change.bench.keys.next()->public_point());
  change.bench.client.pair(kWaiting, change.bench.keys.usual()->public_point());
  const auto issuer_at = [&](const std::string& vin) {
    CHECK(change.configure(Json::array({vin})).status == 200);
    const auto told = change.bench.client.report(vin).at("telemetry");
    CHECK(told.at("error") == "");
    return told.at("claims").at("iss").get<std::string>();
  };
  CHECK(issuer_at(kMoved) == crypto::to_base64(change.bench.keys.next()->public_point()));
  CHECK(issuer_at(kWaiting) == crypto::to_base64(change.bench.keys.usual()->public_point()));
}

TEST_CASE("next key: a telemetry configuration for vehicles of both keys is refused before anything is sent") {
  const Change change;
  for (const auto& vins : {Json{kMoved, kWaiting}, Json{kWaiting, kMoved}}) {
    const auto reply = change.configure(vins);
    check_failure(reply, 400, "bad_parameter", "no");
    CHECK(ApiBench::json_of(reply).at("hint").get<std::string>().starts_with("send one request for those"));
  }
  CHECK(change.bench.client.requests().empty());
}

TEST_CASE("next key: the status and the diagnosis tell the keys apart") {
  const Change change;
  const auto print = [](const auto& key) { return diagnosis::fingerprint(key->public_pem()); };
  CHECK(ApiBench::json_of(change.bench.send("GET", "/fleetsign/v1/status")).at("keys") ==
        Json{{"key_file", print(change.bench.keys.usual())},
             {"next_key_file", print(change.bench.keys.next())},
             {"next_key_vehicles", {kMoved}}});
  const auto key_of = [&](const std::string& vin) {
    const auto reply = change.bench.send("GET", "/fleetsign/v1/vehicles/" + vin + "/diagnosis");
    return ApiBench::json_of(reply).at("checks").at(0).at("says").get<std::string>();
  };
  CHECK(key_of(kMoved).find(print(change.bench.keys.next())) != std::string::npos);
  CHECK(key_of(kWaiting).find(print(change.bench.keys.usual())) != std::string::npos);
  const ApiBench alone;
  CHECK(ApiBench::json_of(alone.send("GET", "/fleetsign/v1/status")).at("keys") ==
        Json{{"key_file", print(alone.key)}, {"next_key_file", nullptr}, {"next_key_vehicles", Json::array()}});
}

}  // namespace
}  // namespace fleetsign::api
