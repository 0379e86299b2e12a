// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/reload.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kReload = "/admin/v1/reload";

const ReloadReport kRefused{
    .file = "/etc/f.yaml",
    .problems = {{.where = "/etc/f.yaml:3", .message = "timeout: \"x\" is not a duration", .hint = "write 10s"},
                 {.kind = config::Problem::Kind::missing_file, .where = "/etc/f.yaml", .message = "gone"}}};

/// An API for owners, which reloads so.
http::Reply asked(test::ApiBench& bench, std::function<ReloadReport()> reload) {
  auto parts = bench.parts(bench.log);
  parts.reload = std::move(reload);
  const Api api({.endpoints = {config::Serve::all, config::Serve::admin}, .doors = {{}, {}}}, std::move(parts));
  auto request = test::ApiBench::request("POST", kReload);
  request.endpoint = 1;
  return api.handle(request);
}

TEST_CASE("reload report: what is written of it is read again") {
  const ReloadReport done{.file = "/etc/f.yaml", .applied = {"timeout", "callers"}, .waiting = {"listen"}};
  const auto again = read_reload_report(to_json(done));
  REQUIRE(again);
  CHECK(again->file == done.file);
  CHECK(again->applied == done.applied);
  CHECK(again->waiting == done.waiting);
  CHECK(again->problems.empty());
  CHECK(read_reload_report(to_json({}))->file.empty());

  const auto refused = read_reload_report(to_json(kRefused));
  REQUIRE(refused);
  REQUIRE(refused->problems.size() == 2);
  CHECK(refused->file == "/etc/f.yaml");
  CHECK(refused->problems[0].kind == config::Problem::Kind::invalid);
  CHECK(refused->problems[0].where == "/etc/f.yaml:3");
  CHECK(refused->problems[0].message == "timeout: \"x\" is not a duration");
  CHECK(refused->problems[0].hint == "write 10s");
  CHECK(refused->problems[1].kind == config::Problem::Kind::missing_file);
}

TEST_CASE("reload report: what is none is not taken for one") {
  for (const char* const text : {"null", "[]", "{}", R"({"error": "not found"})", R"({"problems": []})",
                                 R"({"applied": ["a"]})", R"({"applied": ["a"], "needs_restart": [1]})"}) {
    CAPTURE(text);
    CHECK_FALSE(read_reload_report(Json::parse(text)));
  }
}

TEST_CASE("reload: an owner is told what was applied, what waits, or what is wrong") {
  test::ApiBench bench;
  const auto done = asked(bench, [] { return ReloadReport{.applied = {"timeout"}, .waiting = {"listen"}}; });
  CHECK(done.status == 200);
  CHECK(Json::parse(done.body) == Json{{"file", nullptr}, {"applied", {"timeout"}}, {"needs_restart", {"listen"}}});
  const auto refused = asked(bench, [] { return kRefused; });
  CHECK(refused.status == 422);
  CHECK(Json::parse(refused.body).at("problems").size() == 2);
}

TEST_CASE("reload: a daemon that has read no configuration says so") {
  test::ApiBench bench;
  const auto reply = asked(bench, {});
  CHECK(reply.status == 404);
  CHECK(test::ApiBench::error_code(reply) == "not_found");
}

TEST_CASE("reload: nobody but an owner is heard") {
  test::ApiBench bench;
  bool was_asked = false;
  auto parts = bench.parts(bench.log);
  parts.reload = [&] {
    was_asked = true;
    return ReloadReport{};
  };
  const Api api({}, std::move(parts));
  CHECK(api.handle(test::ApiBench::request("POST", kReload)).status == 404);
  CHECK_FALSE(was_asked);
}

TEST_CASE("an API that takes the place of another goes on with its uptime and its count of requests") {
  test::ApiBench bench;
  const std::shared_ptr<Life> life(
      new Life{.started = test::kNow - std::chrono::seconds(90), .started_unix = test::kUnixNow - 90});
  auto parts = bench.parts(bench.log);
  parts.life = life;
  const Api first({}, parts);
  const Api second({}, parts);
  life->in_flight = 3;
  CHECK(first.in_flight() == 3);
  const auto status = Json::parse(second.handle(test::ApiBench::request("GET", "/fleetsign/v1/status")).body);
  CHECK(status.at("uptime_seconds") == 90);
  CHECK(status.at("requests_in_flight") == 3);
}

}  // namespace
}  // namespace fleetsign::api
