// SPDX-License-Identifier: Apache-2.0
// An examination of a simulated vehicle: which questions are put, and what the request for it is answered with.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "daemon/api/diagnosis/checks.h"
#include "tests/daemon/api/api_bench.h"
#include "tests/daemon/support/captured_stderr.h"

namespace fleetsign::diagnosis {
namespace {

using api::test::ApiBench;
using api::test::Json;
using fleetsign::test::answered;
using Verdicts = std::map<std::string, std::string>;

http::Reply ask(const ApiBench& bench, const std::string& token = "token", const std::string& vin = {}) {
  auto request = ApiBench::request("GET", "/fleetsign/v1/vehicles/" + (vin.empty() ? bench.vin : vin) + "/diagnosis");
  request.headers.set("Authorization", "Bearer " + token);
  return bench.api.handle(request);
}

Json diagnose(const ApiBench& bench, const std::string& token = "token") {
  const auto reply = ask(bench, token);
  REQUIRE(reply.status == 200);
  return ApiBench::json_of(reply);
}

Json check_of(const Json& diagnosis, const std::string& id) {
  for (const auto& check : diagnosis.at("checks")) {
    if (check.at("check") == id) return check;
  }
  FAIL("no check " << id);
  return {};
}

/// The verdicts that are not "ok".
Verdicts complaints(const Json& diagnosis) {
  Verdicts found;
  for (const auto& check : diagnosis.at("checks")) {
    const auto verdict = check.at("verdict").get<std::string>();
    if (verdict != "ok") found[check.at("check").get<std::string>()] = verdict;
  }
  return found;
}

std::string token_with(const std::string& claims) {
  return "e30." + crypto::to_base64url(crypto::as_bytes(claims)) + ".c2ln";
}

TEST_CASE("diagnosis: a healthy vehicle costs six requests, and four where sessions are open") {
  const ApiBench bench;
  const auto diagnosis = diagnose(bench);
  CHECK(diagnosis.at("vin") == bench.vin);
  CHECK(diagnosis.at("healthy") == true);
  CHECK(complaints(diagnosis).empty());
  CHECK(diagnosis.at("upstream_requests") == 6);
  CHECK(bench.client.requests().size() == 6);
  CHECK(diagnosis.at("request_id").get<std::string>().size() == 16);
  CHECK(diagnose(bench).at("upstream_requests") == 4);
  CHECK(bench.send("GET", "/metrics").body.find("{for=\"diagnosis\"} 10\n") != std::string::npos);
}

TEST_CASE("diagnosis: the reply has a member for each row, in the rows' order, and each in the promised form") {
  const ApiBench bench;
  const auto listed = diagnose(bench).at("checks");
  REQUIRE(listed.size() == checks().size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    CHECK(listed[i].at("check") == checks()[i].id);
    std::vector<std::string> members;
    for (const auto& member : listed[i].items()) members.push_back(member.key());
    CHECK(members == std::vector<std::string>{"check", "verdict", "says", "advice"});
  }
}

TEST_CASE("diagnosis: a sleeping vehicle is not woken, and not pinged") {
  ApiBench bench;
  bench.client.order(bench.vin, {{"fault", "asleep"}});
  const auto diagnosis = diagnose(bench);
  CHECK(diagnosis.at("healthy") == true);
  CHECK(complaints(diagnosis) ==
        Verdicts{{"vehicle", "warning"}, {"ping_vehicle_security", "skipped"}, {"ping_infotainment", "skipped"}});
  CHECK(diagnosis.at("upstream_requests") == 2);
  for (const auto& request : bench.client.requests()) CHECK(request.url.find("wake_up") == std::string::npos);
  CHECK(bench.client.report(bench.vin).at("state") == "asleep");
}

TEST_CASE("diagnosis: an unpaired key is told from fleet_status, with the address that pairs it") {
  ApiBench bench({.domain = "fleet.example.com"});
  bench.client.stand_between([&](const upstream::Request& request) -> std::optional<upstream::Answer> {
    if (!request.url.ends_with("/fleet_status")) return std::nullopt;
    const Json body{{"response", {{"key_paired_vins", Json::array()}, {"unpaired_vins", {bench.vin}}}}};
    return answered(200, body.dump());
  });
  const auto diagnosis = diagnose(bench);
  CHECK(diagnosis.at("healthy") == false);
  CHECK(check_of(diagnosis, "fleet_status").at("verdict") == "problem");
  CHECK(check_of(diagnosis, "fleet_status").at("advice").get<std::string>().find("_ak/fleet.example.com ") !=
        std::string::npos);
  CHECK(check_of(diagnosis, "ping_infotainment").at("says") == "the key is not paired");
  CHECK(diagnosis.at("upstream_requests") == 2);
}

TEST_CASE("diagnosis: a pairing that only the vehicle denies is found by the first ping, and ends the second") {
  ApiBench bench;
  bench.client.order(bench.vin, {{"fault", "unpaired"}, {"on", "handshake"}});
  const auto diagnosis = diagnose(bench);
  CHECK(complaints(diagnosis) == Verdicts{{"ping_vehicle_security", "problem"}, {"ping_infotainment", "skipped"}});
  CHECK(check_of(diagnosis, "ping_vehicle_security").at("advice").get<std::string>().find("tesla.com/_ak/") !=
        std::string::npos);
  CHECK(diagnosis.at("upstream_requests") == 3);
}

TEST_CASE("diagnosis: a token that is refused is asked with no further") {
  ApiBench bench;
  bench.client.stand_between([](const auto&) { return answered(401); });
  auto diagnosis = diagnose(bench);
  CHECK(complaints(diagnosis) == Verdicts{{"vehicle", "problem"},
                                          {"fleet_status", "skipped"},
                                          {"ping_vehicle_security", "skipped"},
                                          {"ping_infotainment", "skipped"}});
  CHECK(diagnosis.at("upstream_requests") == 1);

  bench.client.stand_between([](const upstream::Request& request) -> std::optional<upstream::Answer> {
    if (request.url.ends_with("/fleet_status")) return answered(401);
    return std::nullopt;
  });
  diagnosis = diagnose(bench);
  CHECK(complaints(diagnosis) ==
        Verdicts{{"fleet_status", "problem"}, {"ping_vehicle_security", "skipped"}, {"ping_infotainment", "skipped"}});
  CHECK(diagnosis.at("upstream_requests") == 2);

  bench.client.stand_between([](const upstream::Request& request) -> std::optional<upstream::Answer> {
    if (request.url.ends_with("/signed_command")) return answered(429);
    return std::nullopt;
  });
  diagnosis = diagnose(bench);
  CHECK(complaints(diagnosis) == Verdicts{{"ping_vehicle_security", "problem"}, {"ping_infotainment", "skipped"}});
  CHECK(diagnosis.at("upstream_requests") == 3);
}

TEST_CASE("diagnosis: an expired token, and one that may not see the vehicle, are not even tried") {
  const ApiBench bench;
  const Verdicts nothing_asked = {{"token", "problem"},
                                  {"vehicle", "skipped"},
                                  {"fleet_status", "skipped"},
                                  {"ping_vehicle_security", "skipped"},
                                  {"ping_infotainment", "skipped"}};
  for (const std::string claims : {R"({"exp":1699999999})", R"({"scp":["vehicle_cmds"]})"}) {
    CAPTURE(claims);
    const auto diagnosis = diagnose(bench, token_with(claims));
    CHECK(complaints(diagnosis) == nothing_asked);
    CHECK(diagnosis.at("upstream_requests") == 0);
  }
  const auto looks_only = diagnose(bench, token_with(R"({"exp":1700009999,"scp":["vehicle_device_data"]})"));
  CHECK(complaints(looks_only) ==
        Verdicts{{"token", "problem"}, {"ping_vehicle_security", "skipped"}, {"ping_infotainment", "skipped"}});
  CHECK(looks_only.at("upstream_requests") == 2);
}

TEST_CASE("diagnosis: the clock is compared with the first Date that comes") {
  ApiBench bench;
  bench.client.stand_between([](const auto&) -> std::optional<upstream::Answer> {
    // Five minutes before the clock of the bench.
    return upstream::Delivered{.status = 404, .headers = {{"Date", "Tue, 14 Nov 2023 22:08:20 GMT"}}, .body = {}};
  });
  const auto clock = check_of(diagnose(bench), "clock");
  CHECK(clock.at("verdict") == "problem");
  CHECK(clock.at("says") == "the clock is 5 min ahead of Fleet API's");
}

TEST_CASE("diagnosis: each ping has its share of the time that is left") {
  const ApiBench bench({.timeout = std::chrono::seconds(10)});
  (void)diagnose(bench);
  const auto requests = bench.client.requests();
  REQUIRE(requests.size() == 6);
  CHECK(requests[0].deadline == api::test::kNow + std::chrono::seconds(10));
  CHECK(requests[2].deadline == api::test::kNow + std::chrono::seconds(5));
  CHECK(requests[4].deadline == api::test::kNow + std::chrono::seconds(10));
}

TEST_CASE("diagnosis: for a caller that has gone nothing is asked") {
  const ApiBench bench;
  auto request = ApiBench::request("GET", "/fleetsign/v1/vehicles/" + bench.vin + "/diagnosis");
  request.caller_gone = [] { return true; };
  CHECK(ApiBench::json_of(bench.api.handle(request)).at("upstream_requests") == 0);
  CHECK(bench.client.requests().empty());
}

TEST_CASE("diagnosis: it is for callers, by GET, and about a vehicle") {
  const ApiBench bench;
  CHECK(ApiBench::error_code(ask(bench, "token", "5YJ3")) == "bad_vin");
  CHECK(bench.send("POST", "/fleetsign/v1/vehicles/" + bench.vin + "/diagnosis").status == 405);
  auto request = ApiBench::request("GET", "/fleetsign/v1/vehicles/" + bench.vin + "/diagnosis");
  request.headers.remove("Authorization");
  CHECK(bench.api.handle(request).status == 401);
  CHECK(bench.client.requests().empty());
}

TEST_CASE("diagnosis: a key that the vehicle has replaced is logged, as for a command") {
  ApiBench bench;
  (void)diagnose(bench);
  bench.client.order(bench.vin, {{"fault", "rotate_key"}});
  ops::Log log(ops::Level::info, ops::Format::json);
  const api::Api api({}, bench.parts(log));
  const fleetsign::test::CapturedStderr captured;
  CHECK(api.handle(ApiBench::request("GET", "/fleetsign/v1/vehicles/" + bench.vin + "/diagnosis")).status == 200);
  const auto logged = captured.text();
  CHECK(logged.find("vehicle_key_replaced") != std::string::npos);
  CHECK(logged.find("\"event\":\"diagnosis\"") != std::string::npos);
  CHECK(logged.find(bench.vin) == std::string::npos);
}

}  // namespace
}  // namespace fleetsign::diagnosis
