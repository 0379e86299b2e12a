// SPDX-License-Identifier: Apache-2.0
// Waking, as callers ask for it and hear of it.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using fleetsign::test::answered;
using test::ApiBench;
using test::Json;

constexpr const char* kOnline = R"({"response":{"state":"online"}})";

/// Has wake_up wake the first vehicle, which sleeps until then.
void put_to_sleep(ApiBench& bench) {
  bench.client.order(bench.vin, {{"fault", "asleep"}});
  bench.client.stand_between([&bench](const upstream::Request& request) -> std::optional<upstream::Answer> {
    if (!request.url.ends_with("/wake_up")) return std::nullopt;
    CHECK(bench.fleet.handle({.method = "DELETE", .path = "/sim/v1/vehicles/" + bench.vin + "/faults"}).status == 200);
    return answered(200, kOnline);
  });
}

/// The paths behind the vehicle's own, in the order of the requests.
std::vector<std::string> requests_of(const ApiBench& bench) {
  const std::string prefix = "https://fleet.test/api/1/vehicles/" + bench.vin;
  std::vector<std::string> paths;
  for (const auto& request : bench.client.requests()) paths.push_back(request.url.substr(prefix.size()));
  return paths;
}

TEST_CASE("wake: the command wake_up is a success of ours once the vehicle is online") {
  ApiBench bench;
  put_to_sleep(bench);
  const auto reply = bench.command("wake_up");
  CHECK(reply.status == 200);
  const auto body = ApiBench::json_of(reply);
  CHECK(body.at("response") == Json{{"result", true}, {"reason", ""}});
  CHECK(body.at("executed") == "yes");
  CHECK(body.at("woken") == true);
  CHECK(body.at("upstream_requests") == 1);
  CHECK(requests_of(bench) == std::vector<std::string>{"/wake_up"});
}

TEST_CASE("wake: a signed command, a forwarded one and a message of the action endpoint are sent again") {
  struct Row {
    std::string path;
    std::string body;
    std::vector<std::string> requests;
  };
  const std::string vehicle = "/api/1/vehicles/" + ApiBench().vin;
  const std::vector<std::string> signed_requests{"/signed_command", "/wake_up", "/signed_command", "/signed_command"};
  for (const auto& [path, body, requests] :
       {Row{vehicle + "/command/honk_horn", "", signed_requests},
        Row{"/fleetsign/v1" + vehicle.substr(6) + "/action",
            R"({"domain": "vehicle_security", "message": {"RKEAction": "RKE_ACTION_LOCK"}})", signed_requests},
        Row{vehicle + "/command/share", "", {"/command/share", "/wake_up", "/command/share"}}}) {
    const auto& shown_path = path;
    CAPTURE(shown_path);
    ApiBench bench({.action_endpoint = true});
    put_to_sleep(bench);
    const auto reply = bench.send("POST", path + "?wake=true", body);
    CHECK(reply.status == 200);
    CHECK(requests_of(bench) == requests);
    const auto count = std::to_string(requests.size());
    if (const auto* woken = reply.headers.find("Fleetsign-Woken")) {
      CHECK(*woken == "true");
      CHECK(*reply.headers.find("Fleetsign-Upstream-Requests") == count);
    } else {
      CHECK(ApiBench::json_of(reply).at("woken") == true);
      CHECK(ApiBench::json_of(reply).at("upstream_requests").dump() == count);
    }
  }
}

TEST_CASE("wake: the query decides, and without it the configuration") {
  struct Row {
    bool auto_wake;
    std::string query;
    bool wakes;
  };
  for (const auto& row : {Row{false, "", false}, Row{false, "?wake=false", false}, Row{false, "?x=1&wake=true", true},
                          Row{true, "", true}, Row{true, "?wake=false", false}}) {
    CAPTURE(row.auto_wake);
    CAPTURE(row.query);
    ApiBench bench({.auto_wake = row.auto_wake});
    put_to_sleep(bench);
    const auto body = ApiBench::json_of(bench.send("POST", bench.command_path("honk_horn") + row.query));
    CHECK(body.at("executed") == (row.wakes ? "yes" : "no"));
    CHECK(body.contains("woken") == row.wakes);
  }
}

TEST_CASE("wake: Fleet API never gets a parameter that is ours") {
  ApiBench bench;
  CHECK(bench.send("POST", bench.command_path("share") + "?wake=true&a=1&dry_run=false&b=2").status == 200);
  CHECK(requests_of(bench) == std::vector<std::string>{"/command/share?a=1&b=2"});
}

TEST_CASE("wake: what keeps a vehicle from being woken is told as a command's failure, which was not executed") {
  ApiBench bench;
  put_to_sleep(bench);
  bench.client.stand_between([](const upstream::Request& request) -> std::optional<upstream::Answer> {
    return request.url.ends_with("/wake_up") ? std::optional(answered(429, "{}")) : std::nullopt;
  });
  for (const auto* name : {"honk_horn", "share"}) {
    CAPTURE(name);
    const auto reply = bench.send("POST", bench.command_path(name) + "?wake=true");
    CHECK(reply.status == 429);
    CHECK(*reply.headers.find("Fleetsign-Executed") == "no");
    CHECK(*reply.headers.find("Fleetsign-Woken") == "false");
    CHECK(*reply.headers.find("Fleetsign-Upstream-Requests") == "2");
  }
}

}  // namespace
}  // namespace fleetsign::api
