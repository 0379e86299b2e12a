// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/audit.h"

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/daemon/api/keyed.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;
using test::House;
using test::Json;
using test::keyed;
using Names = std::vector<std::string>;

/// An API whose audit is a list.
struct AuditBench {
  explicit AuditBench(ApiOptions options = {}, House house = {})
      : bench({}, {}, std::move(house)), api(std::move(options), parts()) {}

  ApiBench bench;
  std::vector<ops::AuditEntry> entries{};
  bool is_broken = false;
  const Api api;

  ApiParts parts() {
    auto parts = bench.parts(bench.log);
    parts.audit = [this](ops::AuditEntry entry) {
      if (is_broken) throw std::runtime_error("x");
      entries.push_back(std::move(entry));
    };
    return parts;
  }
  http::Reply send(const std::string& method, const std::string& target, const std::string& body = {}) {
    auto request = ApiBench::request(method, target, body);
    request.headers.add("Content-Type", "application/json");
    return api.handle(request);
  }
  http::Reply command(const std::string& name, const std::string& body = {}) {
    return send("POST", bench.command_path(name), body);
  }
  /// A command of a caller whose only credential is the key.
  http::Reply command_with_key(const std::string& name, const std::string& key) {
    auto request = ApiBench::request("POST", bench.command_path(name));
    request.headers.set("Authorization", "Bearer " + key);
    return api.handle(request);
  }
  std::string add_client(const std::string& name) {
    return bench.client_desk.add(R"({"name": ")" + name + "\"}")->at("key").get<std::string>();
  }
  /// The one entry since the last time somebody asked.
  ops::AuditEntry entry() {
    REQUIRE(entries.size() == 1);
    auto entry = entries.front();
    entries.clear();
    return entry;
  }
};

TEST_CASE("audit: a command that was signed, by its own names for parameters") {
  AuditBench bench;
  const auto reply = bench.command("set_charge_limit", R"({"percent": 80, "other": 1})");
  const auto entry = bench.entry();
  CHECK(entry.caller.starts_with("token:"));
  CHECK(entry.vehicles == Names{bench.bench.vin});
  CHECK(entry.command == "set_charge_limit");
  CHECK(entry.parameters == Names{"percent"});
  CHECK(entry.outcome == "ok");
  CHECK(entry.executed == "yes");
  CHECK(entry.upstream_requests == ApiBench::json_of(reply).at("upstream_requests").get<int>());
  CHECK(entry.request_id == *reply.headers.find("X-Request-Id"));
}

TEST_CASE("audit: what the car declines, and what never gets there") {
  AuditBench bench;
  CHECK(bench.command("charge_start").status == 200);
  bench.entries.clear();
  CHECK(bench.command("charge_start").status == 200);
  auto entry = bench.entry();
  CHECK(entry.outcome == "rejected");
  CHECK(entry.executed == "no");

  CHECK(bench.command("set_charge_limit", R"({"percent": "much"})").status == 400);
  entry = bench.entry();
  CHECK(entry.outcome == "bad_parameter");
  CHECK(entry.parameters == Names{"percent"});
  CHECK(entry.upstream_requests == 0);

  bench.bench.client.order(bench.bench.vin, {{"fault", "drop_reply"}});
  CHECK(bench.command("honk_horn").status == 504);
  entry = bench.entry();
  CHECK(entry.outcome == "no_reply");
  CHECK(entry.executed == "unknown");
}

TEST_CASE("audit: what Fleet API answers itself") {
  AuditBench bench;
  CHECK(bench.command("navigation_request", R"({"type": "x", "value": "y", "0000": 1, "a b": 2})").status == 200);
  auto entry = bench.entry();
  CHECK(entry.command == "navigation_request");
  CHECK(entry.outcome == "ok");
  CHECK(entry.upstream_requests == 1);
  CHECK(entry.parameters == Names{"type", "value"});

  bench.bench.client.stand_between([](const auto&) { return fleetsign::test::answered(503); });
  CHECK(bench.command("navigation_request", "{}").status == 503);
  entry = bench.entry();
  CHECK(entry.outcome == "upstream_error");
  CHECK(entry.executed == "unknown");

  bench.bench.client.stand_between(
      [](const auto&) { return fleetsign::test::answered(200, R"({"response":{"result":false,"reason":"x"}})"); });
  CHECK(bench.command("navigation_request", "{}").status == 200);
  entry = bench.entry();
  CHECK(entry.outcome == "rejected");
  CHECK(entry.executed == "no");
}

TEST_CASE("audit: wake-ups, actions and telemetry configurations") {
  AuditBench bench({.action_endpoint = true});
  CHECK(bench.command("wake_up").status == 200);
  CHECK(bench.entry().command == "wake_up");

  const auto path = "/fleetsign/v1/vehicles/" + bench.bench.vin + "/action";
  CHECK(
      bench.send("POST", path, R"({"domain":"vehicle_security","message":{"RKEAction":"RKE_ACTION_UNLOCK"}})").status ==
      200);
  auto entry = bench.entry();
  CHECK(entry.command == "action RKEAction");
  CHECK(entry.vehicles == Names{bench.bench.vin});
  CHECK(bench.send("POST", path, "{}").status == 400);
  CHECK(bench.entry().command == "action");

  const auto body = Json({{"vins", {bench.bench.vin, "5YJS0000000000009", 1}}, {"config", {{"port", 443}}}}).dump();
  static_cast<void>(bench.send("POST", "/api/1/vehicles/fleet_telemetry_config", body));
  entry = bench.entry();
  CHECK(entry.command == "fleet_telemetry_config");
  CHECK(entry.vehicles == Names{bench.bench.vin, "5YJS0000000000009"});
  CHECK(entry.parameters == Names{"vins", "config"});
}

TEST_CASE("audit: of a telemetry configuration for very many vehicles the first are named, and the others counted") {
  AuditBench bench;
  Json vins = Json::array({1, "none"});
  for (int i = 0; i < 1'000; ++i) vins.push_back("5YJS000000000" + std::to_string(1'000 + i));
  static_cast<void>(bench.send("POST", "/api/1/vehicles/fleet_telemetry_config",
                               Json({{"vins", std::move(vins)}, {"config", Json::object()}}).dump()));
  const auto entry = bench.entry();
  CHECK(entry.vehicles.size() == ops::kMostVehicles);
  CHECK(entry.vehicles.front() == "5YJS0000000001000");
  CHECK(entry.more_vehicles == 1'000 - ops::kMostVehicles);
}

TEST_CASE("audit: what is passed on and may have an effect, without anything that could be a value") {
  AuditBench bench;
  bench.bench.client.stand_between([](const auto&) { return fleetsign::test::answered(200, "{}"); });
  CHECK(bench.send("POST", "/api/1/vehicles/" + bench.bench.vin + "/wake_up").status == 200);
  auto entry = bench.entry();
  CHECK(entry.command == "POST vehicles/*/wake_up");
  CHECK(entry.vehicles == Names{bench.bench.vin});
  CHECK(entry.outcome == "ok");
  CHECK(entry.executed == "yes");
  CHECK(bench.send("DELETE", "/api/1/vehicles/" + bench.bench.vin + "/invitations/s3cret").status == 200);
  CHECK(bench.entry().command == "DELETE vehicles/*/invitations/*");
  CHECK(bench.send("POST", "/api/1/partner_accounts", R"({"domain": "partner.example"})").status == 200);
  entry = bench.entry();
  CHECK(entry.command == "POST partner_accounts");
  CHECK(entry.parameters == Names{"domain"});
}

TEST_CASE("audit: a repeat is a line of its own, and says what became of the first") {
  AuditBench bench;
  for (const auto* name : {"honk_horn", "navigation_request"}) {
    CAPTURE(name);
    const auto request = keyed(bench.bench, name, name, "{}");
    CHECK(bench.api.handle(request).status == 200);
    CHECK(bench.entry().outcome == "ok");
    CHECK(bench.api.handle(request).status == 200);
    const auto entry = bench.entry();
    CHECK(entry.outcome == "replayed");
    CHECK(entry.executed == "yes");
    CHECK(entry.upstream_requests == 0);
  }
}

TEST_CASE("audit: a vehicle that was named by its number is known by its VIN, once it is found") {
  AuditBench bench;
  const auto list = bench.send("GET", "/api/1/vehicles");
  const auto id = Json::parse(ApiBench::whole(list).body).at("response").at(0).at("id").dump();
  CHECK(bench.entries.empty());
  CHECK(bench.send("POST", "/api/1/vehicles/" + id + "/command/honk_horn").status == 200);
  CHECK(bench.entry().vehicles == Names{bench.bench.vin});
  CHECK(bench.send("POST", "/api/1/vehicles/99999/command/honk_horn").status == 404);
  CHECK(bench.entry().vehicles == Names{"99999"});
}

TEST_CASE("audit: what cannot be understood has no names that could be anything") {
  AuditBench bench;
  CHECK(bench.send("POST", "/api/1/vehicles/s3cret/command/honk_horn").status == 404);
  CHECK(bench.entry().vehicles.empty());
  CHECK(bench.command("a%20b").status == 400);
  CHECK(bench.entry().command == "*");
  static_cast<void>(bench.command("1234"));
  CHECK(bench.entry().command == "*");
  Json many;
  for (int i = 0; i < 40; ++i) many["name_" + std::to_string(i)] = "s3cret";
  static_cast<void>(bench.command("no_such", many.dump()));
  const auto entry = bench.entry();
  CHECK(entry.parameters.size() == 32);
  CHECK(entry.command == "no_such");
  static_cast<void>(bench.command("no_such", "{\"" + std::string(65, 'x') + "\": 1}"));
  CHECK(bench.entry().parameters.empty());
}

TEST_CASE("audit: no reads, no dry runs, and nobody who is not known") {
  AuditBench bench;
  for (const auto* target : {"/api/1/vehicles", "/fleetsign/v1/status", "/fleetsign/v1/commands", "/health"}) {
    CHECK(bench.send("GET", target).status == 200);
  }
  CHECK(bench.command("honk_horn?dry_run=true").status == 200);
  CHECK(bench.send("POST", "/api/1/partner_accounts?dry_run=true").status == 400);
  auto request = ApiBench::request("POST", bench.bench.command_path("honk_horn"));
  request.headers.remove("Authorization");
  CHECK(bench.api.handle(request).status == 401);
  CHECK(bench.send("GET", bench.bench.command_path("honk_horn")).status == 405);
  CHECK(bench.entries.empty());
}

/// What a line has to say of a command that was refused before anything was sent.
void check_refused(const ops::AuditEntry& entry, const std::string& caller, const std::string& outcome) {
  CHECK(entry.caller == caller);
  CHECK(entry.outcome == outcome);
  CHECK(entry.executed == "no");
  CHECK(entry.upstream_requests == 0);
}

TEST_CASE("audit: a known caller's command is a line also when there is no token for it") {
  const crypto::test::TemporaryFolder folder;
  const auto token = folder.path() / "none";
  AuditBench bench({}, {.callers = {{.name = "wall", .account = "home"}, {.name = "guest"}},
                        .accounts = {{"home", {.access_token_file = token}}}});
  CHECK(bench.command_with_key("honk_horn", bench.add_client("wall")).status == 503);
  check_refused(bench.entry(), "wall", "state_unavailable");
  CHECK(bench.command_with_key("honk_horn", bench.add_client("guest")).status == 401);
  check_refused(bench.entry(), "guest", "not_authenticated");
}

TEST_CASE("audit: what a caller's rules forbid is forbidden, and a line, whether there is a token or not") {
  const crypto::test::TemporaryFolder folder;
  const auto token = folder.path() / "none";
  AuditBench bench({}, {.callers = {{.name = "wall", .account = "home", .allow = {{"charging"}}},
                                    {.name = "far", .account = "home", .vehicles = {{"5YJS0000000000009"}}},
                                    {.name = "guest", .allow = {{"charging"}}}},
                        .accounts = {{"home", {.access_token_file = token}}}});
  for (const std::string name : {"wall", "far", "guest"}) {
    CAPTURE(name);
    const auto reply = bench.command_with_key("door_unlock", bench.add_client(name));
    CHECK(reply.status == 403);
    CHECK(reply.body.find(token.string()) == std::string::npos);
    check_refused(bench.entry(), name, "not_allowed");
  }
}

TEST_CASE("audit: what asks for confirmation, and what is beyond a budget, are lines of what was not done") {
  AuditBench bench({}, {.callers = {{.name = "*", .daily_budget = 1'500}}, .confirm = {"door_unlock"}});
  CHECK(bench.command("door_unlock").status == 428);
  auto entry = bench.entry();
  check_refused(entry, entry.caller, "confirmation_required");
  CHECK(bench.command("flash_lights").status == 200);
  bench.entries.clear();
  CHECK(bench.command("flash_lights").status == 429);
  entry = bench.entry();
  check_refused(entry, entry.caller, "local_budget");
  CHECK(bench.send("POST", "/api/1/vehicles/" + bench.bench.vin + "/wake_up").status == 429);
  CHECK(bench.entry().executed == "no");
}

TEST_CASE("audit: strangers have no lines") {
  AuditBench bench;
  auto request = ApiBench::request("POST", bench.bench.command_path("honk_horn"));
  request.headers.add("Origin", "https://foreign.example");
  CHECK(bench.api.handle(request).status == 403);
  request.headers.remove("Origin");
  request.headers.add("X-Forwarded-For", "192.0.2.1");
  CHECK(bench.api.handle(request).status == 403);
  CHECK(bench.entries.empty());
}

TEST_CASE("audit: a command that was carried out is answered so, though its line fails") {
  AuditBench bench;
  bench.is_broken = true;
  CHECK(bench.command("honk_horn").status == 200);
  CHECK(bench.bench.client.report(bench.bench.vin).at("executed_total") == 1);
}

TEST_CASE("audit: a fault of ours is told, too") {
  AuditBench bench;
  bench.bench.client.stand_between(
      [](const auto&) -> std::optional<upstream::Answer> { throw std::runtime_error("x"); });
  CHECK(bench.command("honk_horn").status == 500);
  const auto entry = bench.entry();
  CHECK(entry.outcome == "internal");
  CHECK(entry.executed == "unknown");
  CHECK_FALSE(entry.upstream_requests);
}

TEST_CASE("audit: its state is in the status, and for the owner with the hash of the last line") {
  ApiBench bench({.endpoints = {config::Serve::admin}});
  CHECK(bench.send("GET", "/admin/v1/audit").status == 404);
  auto parts = bench.parts(bench.log);
  parts.audit_state = [] {
    return std::optional(ops::AuditState{.file = "/a.jsonl", .lines = 2, .lost = 1, .end = {.seq = 7, .hash = {0xAB}}});
  };
  const auto expected = Json({{"file", "/a.jsonl"}, {"lines", 2}, {"last_seq", 7}, {"lost", 1}});
  const Api api({.endpoints = {config::Serve::all, config::Serve::admin}}, std::move(parts));
  CHECK(ApiBench::json_of(api.handle(ApiBench::request("GET", "/fleetsign/v1/status"))).at("audit") == expected);
  auto request = ApiBench::request("GET", "/admin/v1/audit");
  request.endpoint = 1;
  auto body = ApiBench::json_of(api.handle(request));
  CHECK(body.at("last_hash") == "ab" + std::string(62, '0'));
  body.erase("last_hash");
  CHECK(body == expected);
}

}  // namespace
}  // namespace fleetsign::api
