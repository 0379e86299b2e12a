// SPDX-License-Identifier: Apache-2.0
// POST /api/1/vehicles/fleet_telemetry_config: signed, sent as fleet_telemetry_config_jws, and answered by Fleet API.
#include <doctest/doctest.h>

#include <string>

#include "protocol/telemetry_config.h"
#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/api/keyed.h"
#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::api {
namespace {

using fleetsign::test::answered;
using fleetsign::test::lost;
using fleetsign::test::unreachable;
using test::ApiBench;
using test::Json;

const std::string kPath = "/api/1/vehicles/fleet_telemetry_config";

std::string body_for(const std::string& vin) {
  return R"({"vins":[")" + vin +
         R"("],"config":{"hostname":"telemetry.example","ca":"PEM","fields":{"Soc":{}},"exp":1.0}})";
}

http::Request request_for(const ApiBench& bench, const std::string& query = "") {
  return ApiBench::request("POST", kPath + query, body_for(bench.vin));
}

Json telemetry_at(ApiBench& bench) {
  return bench.client.report(bench.vin).at("telemetry");
}

}  // namespace

TEST_CASE("telemetry: a configuration is signed, sent, and taken by the vehicle") {
  ApiBench bench;
  const auto reply = bench.api.handle(request_for(bench));
  CHECK(reply.status == 200);
  CHECK(ApiBench::json_of(reply).at("response").at("updated_vehicles") == 1);
  CHECK(*reply.headers.find("Fleetsign-Upstream-Requests") == "1");
  CHECK(reply.headers.find("Fleetsign-Executed") == nullptr);
  CHECK(reply.headers.find("Fleetsign-Warning") == nullptr);
  const auto told = telemetry_at(bench);
  CHECK(told.at("error") == "");
  CHECK(told.at("claims").at("iss") == crypto::to_base64(bench.key->public_point()));
  CHECK(told.at("claims").at("hostname") == "telemetry.example");
}

TEST_CASE("telemetry: what goes out is the body of fleet_telemetry_config_jws, with the caller's token and headers") {
  ApiBench bench;
  auto request = request_for(bench, "?a=1&dry_run=false");
  request.headers.add("Content-Encoding", "identity");
  request.headers.add("X-Own", "1");
  static_cast<void>(bench.api.handle(request));
  REQUIRE(bench.client.requests().size() == 1);
  const auto sent = bench.client.requests()[0];
  CHECK(sent.method == "POST");
  CHECK(sent.url == "https://fleet.test" + kPath + "_jws?a=1");
  CHECK(*sent.headers.find("Authorization") == "Bearer token");
  CHECK(*sent.headers.find("Content-Type") == "application/json");
  CHECK(*sent.headers.find("X-Own") == "1");
  CHECK(sent.headers.find("Content-Encoding") == nullptr);
  const auto config = protocol::read_telemetry_config(request.body, bench.key->public_point());
  CHECK(sent.body ==
        protocol::telemetry_request({bench.vin}, protocol::sign_telemetry_claims(config->claims, *bench.key)));
}

TEST_CASE("telemetry: Fleet API's answers come back as they are, and say what became of it") {
  ApiBench bench;
  for (const int status : {400, 401, 403, 404, 412, 422, 429, 500}) {
    CAPTURE(status);
    bench.client.stand_between([&](const auto&) { return answered(status, "as it is"); });
    const auto reply = bench.api.handle(request_for(bench));
    CHECK(reply.status == status);
    CHECK(reply.body == "as it is");
    CHECK(*reply.headers.find("Fleetsign-Executed") == (status < 500 ? "no" : "unknown"));
  }
}

TEST_CASE("telemetry: what got no answer is a failure of ours") {
  ApiBench bench;
  bench.client.stand_between([](const auto&) { return unreachable(); });
  test::check_failure(bench.api.handle(request_for(bench)), 502, "unreachable", "no");
  bench.client.stand_between([](const auto&) { return lost(); });
  const auto reply = bench.api.handle(request_for(bench));
  test::check_failure(reply, 504, "no_reply", "unknown");
  CHECK(ApiBench::json_of(reply).at("upstream_requests") == 1);
}

TEST_CASE("telemetry: a body that is no configuration is refused before anything is sent") {
  const ApiBench bench;
  for (const auto& [body, code] : std::vector<std::pair<std::string, std::string>>{
           {"", "bad_request"},
           {"[]", "bad_request"},
           {R"({"vins":["5YJS0000000000001"],"config":{"a":1,"a":2}})", "bad_request"},
           {R"({"vins":["5YJS0000000000001"]})", "bad_parameter"},
           {R"({"vins":["5YJS0000000000001"],"config":"x"})", "bad_parameter"},
           {R"({"vins":["5YJS0000000000001"],"config":{}})", "bad_parameter"},
           {R"({"vins":["5YJS0000000000001"],"config":{"exp":1e999}})", "bad_request"},
           {R"({"config":{}})", "bad_parameter"},
           {R"({"vins":[],"config":{}})", "bad_parameter"},
           {R"({"vins":["short"],"config":{}})", "bad_parameter"}}) {
    const auto& shown = body;
    CAPTURE(shown);
    const auto reply = bench.send("POST", kPath, body);
    test::check_failure(reply, 400, code, "no");
    CHECK(ApiBench::json_of(reply).at("upstream_requests") == 0);
    CHECK(ApiBench::json_of(reply).at("hint").get<std::string>().starts_with("for example "));
  }
  CHECK(bench.client.requests().empty());
}

TEST_CASE("telemetry: a dry run tells the claims and the vehicles, and sends nothing") {
  const ApiBench bench;
  const auto reply = bench.api.handle(request_for(bench, "?dry_run=true&a=1"));
  CHECK(reply.status == 200);
  const auto found = ApiBench::json_of(reply).at("dry_run");
  CHECK(found.at("target") == kPath + "_jws?a=1");
  CHECK(found.at("vins") == Json{bench.vin});
  CHECK(found.at("claims").at("aud") == "com.tesla.fleet.TelemetryClient");
  CHECK(ApiBench::json_of(reply).at("executed") == "no");
  CHECK(ApiBench::error_code(bench.api.handle(request_for(bench, "?dry_run"))) == "bad_request");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("telemetry: needs a caller who has not gone, and POST") {
  const ApiBench bench;
  auto request = request_for(bench);
  request.headers.remove("Authorization");
  CHECK(bench.api.handle(request).status == 401);
  request = request_for(bench);
  request.caller_gone = [] { return true; };
  CHECK(ApiBench::error_code(bench.api.handle(request)) == "expired_unsent");
  const auto refused = bench.send("GET", kPath);
  CHECK(refused.status == 405);
  CHECK(*refused.headers.find("Allow") == "POST, OPTIONS");
  CHECK(bench.client.requests().empty());
}

TEST_CASE("telemetry: reading and deleting a vehicle's configuration is passed on") {
  ApiBench bench;
  static_cast<void>(bench.api.handle(request_for(bench)));
  const auto path = "/api/1/vehicles/" + bench.vin + "/fleet_telemetry_config";
  CHECK(ApiBench::json_of(bench.send("GET", path)).at("response").at("synced") == true);
  CHECK(ApiBench::json_of(bench.send("DELETE", path)).at("response").at("updated_vehicles") == 1);
  CHECK(telemetry_at(bench).is_null());
}

TEST_CASE("telemetry: with an Idempotency-Key it is sent once, and each repeat gets the same reply") {
  ApiBench bench;
  auto request = request_for(bench);
  request.headers.add("Idempotency-Key", "k");
  const auto first = bench.api.handle(request);
  const auto second = bench.api.handle(request);
  CHECK_FALSE(test::is_replayed(first));
  CHECK(test::is_replayed(second));
  CHECK(second.body == first.body);
  CHECK(bench.client.requests().size() == 1);
  request.body = body_for("5YJS0000000000009");
  CHECK(ApiBench::error_code(bench.api.handle(request)) == "idempotency_conflict");
  request.headers.set("Idempotency-Key", "");
  CHECK(ApiBench::error_code(bench.api.handle(request)) == "bad_request");
}

TEST_CASE("telemetry: one that Fleet API refused may be sent again with the same Idempotency-Key") {
  ApiBench bench;
  auto request = request_for(bench);
  request.headers.add("Idempotency-Key", "k");
  bench.client.stand_between([](const auto&) { return answered(429, "{}"); });
  CHECK(bench.api.handle(request).status == 429);
  bench.client.stand_between({});
  CHECK(bench.api.handle(request).status == 200);
}

TEST_CASE("telemetry: while another key than ours is known to be registered, every reply warns") {
  ApiBench bench;
  const auto learn = [&](const crypto::PublicPoint& point) {
    bench.registration.watch(ApiBench::request("GET", "/api/1/partner_accounts/public_key?domain=partner.example"),
                             {.body = Json{{"response", {{"public_key", crypto::to_hex(point)}}}}.dump()});
  };
  const auto warns = [&](const http::Request& request) {
    const auto reply = bench.api.handle(request);
    const auto* warning = reply.headers.find("Fleetsign-Warning");
    return warning != nullptr && warning->find("another public key for partner.example") != std::string::npos;
  };
  learn(crypto::PrivateKey::generate().public_point());
  auto keyed = request_for(bench);
  keyed.headers.add("Idempotency-Key", "k");
  CHECK(warns(request_for(bench)));
  CHECK(warns(request_for(bench, "?dry_run=true")));
  CHECK(warns(keyed));
  CHECK(warns(keyed));
  CHECK(warns(ApiBench::request("POST", kPath, "{}")));
  learn(bench.key->public_point());
  CHECK_FALSE(warns(request_for(bench)));
  CHECK_FALSE(warns(keyed));
}

TEST_CASE("telemetry: a line in the log says what became of it, and nothing of what it says") {
  ApiBench bench;
  ops::Log log(ops::Level::info, ops::Format::json);
  const Api api({}, bench.parts(log));
  const fleetsign::test::CapturedStderr captured;
  static_cast<void>(api.handle(request_for(bench)));
  const auto text = captured.text();
  CHECK(text.find("fleet_telemetry_config") != std::string::npos);
  CHECK(text.find("\"status\":200") != std::string::npos);
  CHECK(text.find("telemetry.example") == std::string::npos);
  CHECK(text.find(bench.vin) == std::string::npos);
}

}  // namespace fleetsign::api
