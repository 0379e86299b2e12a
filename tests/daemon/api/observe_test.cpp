// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::Json;

TEST_CASE("api: what the daemon tells of itself needs a caller, readiness does not") {
  const ApiBench bench;
  for (const std::string path : {"/metrics", "/fleetsign/v1/status", "/fleetsign/v1/sessions"}) {
    CAPTURE(path);
    CHECK(bench.send("GET", path).status == 200);
    auto request = ApiBench::request("GET", path);
    request.headers.remove("Authorization");
    const auto refused = bench.api.handle(request);
    CHECK(refused.status == 401);
    CHECK(bench.error_code(refused) == "not_authenticated");
  }
  auto request = ApiBench::request("GET", "/ready");
  request.headers.remove("Authorization");
  CHECK(bench.api.handle(request).body == "OK");
}

TEST_CASE("api: what keeps the daemon from being ready is said with a 503") {
  ApiBench bench;
  bench.not_ready = {"the way to Fleet API is closed"};
  const auto reply = bench.send("GET", "/ready");
  CHECK(reply.status == 503);
  CHECK(reply.headers.find("Retry-After") != nullptr);
  CHECK(ApiBench::json_of(reply) ==
        Json{{"ready", false}, {"reasons", {"the way to Fleet API is closed"}}, {"warnings", Json::array()}});
  CHECK(bench.send("GET", "/health").status == 200);
  CHECK(ApiBench::json_of(bench.send("GET", "/fleetsign/v1/status")).at("ready") == false);
}

TEST_CASE("api: strangers learn that the audit is in trouble, and callers which") {
  ApiBench bench;
  auto parts = bench.parts(bench.log);
  const std::string trouble = "the audit cannot be written to /a.jsonl: x";
  parts.audit_state = [&] { return std::optional(ops::AuditState{.file = "/a.jsonl", .lost = 3, .trouble = trouble}); };
  const Api api({}, std::move(parts));
  auto request = ApiBench::request("GET", "/ready");
  request.headers.remove("Authorization");
  const auto reply = api.handle(request);
  CHECK(reply.status == 200);
  CHECK(reply.body == "OK\nwarning: the audit is not written");
  CHECK(ApiBench::json_of(api.handle(ApiBench::request("GET", "/fleetsign/v1/status"))).at("warnings") ==
        Json{trouble, "3 lines of the audit were lost"});
}

TEST_CASE("api: the status counts commands by outcome") {
  ApiBench bench;
  bench.command("door_lock");
  bench.command("door_lock");
  bench.client.order(bench.vin, {{"fault", "drop_reply"}});
  bench.command("honk_horn");
  const auto status = ApiBench::json_of(bench.send("GET", "/fleetsign/v1/status"));
  CHECK_FALSE(status.at("version").get<std::string>().empty());
  CHECK(status.at("uptime_seconds") == 0);
  CHECK(status.at("requests_in_flight") == 0);
  CHECK(status.at("lanes") == 2);
  CHECK(status.at("fleet_api") == Json{"https://fleet.test"});
  CHECK(status.at("commands") == Json{{"no_reply", 1}, {"ok", 2}});
  CHECK(status.at("executed") == Json{{"no", 0}, {"unknown", 1}, {"yes", 2}});
  CHECK(status.at("replies") == Json{{"200", 2}, {"504", 1}});
}

TEST_CASE("api: the status says what runs, since when, and how busy it is") {
  ApiBench bench;
  bench.command("door_lock");
  auto parts = bench.parts(bench.log);
  parts.door = [] { return http::ListenerFigures{.connections = 4, .connections_refused = 1, .workers_busy = 2}; };
  const Api api({.commit = "0a1b2c"}, std::move(parts));
  const auto status = ApiBench::json_of(api.handle(ApiBench::request("GET", "/fleetsign/v1/status")));
  CHECK(status.at("commit") == "0a1b2c");
  CHECK(status.at("started") == "2023-11-14T22:13:20Z");
  CHECK(status.at("sessions") == 1);
  CHECK(status.at("connections").at("open") == 4);
  CHECK(status.at("connections").at("refused") == 1);
  CHECK(status.at("connections").at("workers_busy") == 2);
}

TEST_CASE("api: the status says what was billed, in all, by category and by vehicle") {
  ApiBench bench;
  bench.command("door_lock");  // with a handshake
  bench.send("GET", "/api/1/vehicles/" + bench.vin + "/vehicle_data");
  bench.send("GET", "/api/1/vehicles/5YJS0000000000002/vehicle_data");
  bench.client.order(bench.vin, {{"fault", "drop_reply"}});
  bench.command("door_lock");
  bench.send("GET", "/api/1/vehicles");
  const auto billing = ApiBench::json_of(bench.send("GET", "/fleetsign/v1/status")).at("billing");
  CHECK(billing.at("since") == "2023-11-14T22:13:20Z");
  CHECK(billing.at("currency") == "USD");
  CHECK(billing.at("today") == billing.at("total"));
  CHECK(billing.at("total") == Json{{"requests", 5}, {"unanswered", 1}, {"dollars", 0.007}});
  CHECK(billing.at("categories").at("commands") == Json{{"requests", 3}, {"unanswered", 1}, {"dollars", 0.003}});
  CHECK(billing.at("categories").at("wakes") == Json{{"requests", 0}, {"unanswered", 0}, {"dollars", 0.0}});
  REQUIRE(billing.at("vehicles").size() == 2);
  CHECK(billing.at("vehicles").at(0) ==
        Json{{"vin", bench.vin}, {"dollars", 0.005}, {"commands", 3}, {"data", 1}, {"wakes", 0}});
}

TEST_CASE("api: metrics count commands, what was forwarded, and the requests that they cost") {
  const ApiBench bench;
  bench.command("door_lock");
  bench.send("GET", "/api/1/vehicles");
  const auto reply = bench.send("GET", "/metrics");
  CHECK(reply.headers.find("Content-Type")->starts_with("text/plain; version=0.0.4"));
  for (const auto* line :
       {"fleetsign_commands_total{outcome=\"ok\"} 1\n", "fleetsign_forwarded_total{status=\"2xx\"} 1\n",
        "fleetsign_upstream_requests_total{for=\"command\"} 1\n",
        "fleetsign_upstream_requests_total{for=\"handshake\"} 1\n",
        "fleetsign_upstream_requests_total{for=\"forwarded\"} 1\n"}) {
    CAPTURE(std::string(line));
    CHECK(reply.body.find(line) != std::string::npos);
  }
  CHECK(reply.body.find(bench.vin) == std::string::npos);
}

TEST_CASE("api: sessions are listed, and forgotten for one vehicle") {
  ApiBench bench;
  CHECK(ApiBench::json_of(bench.send("GET", "/fleetsign/v1/sessions")) == Json{{"sessions", Json::array()}});
  bench.command("door_lock");
  const auto listed = ApiBench::json_of(bench.send("GET", "/fleetsign/v1/sessions")).at("sessions");
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].at("vin") == bench.vin);
  CHECK(listed[0].at("domain") == "vehicle_security");
  CHECK(listed[0].at("established") == true);
  CHECK(listed[0].at("counter") == 1);
  CHECK(listed[0].at("epoch").get<std::string>().size() == 32);

  const std::string path = "/fleetsign/v1/vehicles/" + bench.vin + "/sessions";
  CHECK(ApiBench::json_of(bench.send("DELETE", path)) == Json{{"forgotten", 1}});
  bench.client.forget_requests();
  bench.command("door_lock");
  CHECK(bench.client.requests().size() == 2);

  CHECK(bench.send("GET", path).status == 405);
  CHECK(ApiBench::error_code(bench.send("DELETE", "/fleetsign/v1/vehicles/7/sessions")) == "bad_vin");
}

}  // namespace
}  // namespace fleetsign::api
