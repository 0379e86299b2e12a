// SPDX-License-Identifier: Apache-2.0
// Commands to vehicles that do not speak the protocol: passed on as they are, and signed again once they do.
#include <doctest/doctest.h>

#include <string>

#include "tests/daemon/api/api_bench.h"

namespace fleetsign::api {
namespace {

using test::ApiBench;

constexpr const char* kDenied = R"({"error":"vehicle does not support the Tesla Vehicle Command Protocol"})";
constexpr const char* kRequired = R"({"error":"Tesla Vehicle Command Protocol required, please refer to"})";

/// Fleet API denies the protocol to what is signed, and demands it of what is not.
std::optional<upstream::Answer> contradiction(const upstream::Request& request) {
  return request.url.ends_with("/signed_command") ? fleetsign::test::answered(422, kDenied)
                                                  : fleetsign::test::answered(403, kRequired);
}

/// What was sent since the last call, one letter a request: signed or forwarded.
std::string sent(ApiBench& bench) {
  std::string text;
  for (const auto& request : bench.client.requests()) text += request.url.ends_with("/signed_command") ? 'S' : 'F';
  bench.client.forget_requests();
  return text;
}

TEST_CASE("without protocol: the command goes on with its body and query, and the vehicle is asked again after a day") {
  ApiBench bench;
  bench.client.order(bench.vin, {{"fault", "no_protocol"}});
  const std::string body = R"({ "percent": 80 })";
  auto request = ApiBench::request("POST", bench.command_path("set_charge_limit") + "?a=%20b&wake=true", body);
  request.headers.add("Content-Type", "application/json");
  const auto reply = bench.api.handle(request);
  CHECK(reply.status == 200);
  CHECK(*reply.headers.find("Fleetsign-Upstream-Requests") == "2");
  CHECK(*reply.headers.find("Fleetsign-Woken") == "false");
  CHECK(bench.client.requests().at(1).url == "https://fleet.test" + bench.command_path("set_charge_limit") + "?a=%20b");
  CHECK(bench.client.requests().at(1).body == body);
  CHECK(sent(bench) == "SF");
  CHECK(bench.command("honk_horn").status == 200);
  CHECK(sent(bench) == "F");
  bench.unix_now += vehicles::WithoutProtocol::kKept;
  CHECK(bench.command("honk_horn").status == 200);
  CHECK(sent(bench) == "SF");
}

/// The figure behind that name in the metrics.
std::string figure(const ApiBench& bench, const std::string& name) {
  const auto text = bench.metrics.text();
  const auto at = text.find("\n" + name + " ");
  REQUIRE(at != std::string::npos);
  const auto from = at + name.size() + 2;
  return text.substr(from, text.find('\n', from) - from);
}

TEST_CASE("without protocol: the handshake that was in vain is counted as one, and once") {
  ApiBench bench;
  bench.client.order(bench.vin, {{"fault", "no_protocol"}});
  CHECK(bench.command("honk_horn").status == 200);
  CHECK(figure(bench, R"(fleetsign_upstream_requests_total{for="handshake"})") == "1");
  CHECK(figure(bench, R"(fleetsign_upstream_requests_total{for="forwarded"})") == "1");
}

TEST_CASE("without protocol: an action that goes nowhere then has used what its handshake took") {
  ApiBench bench({.action_endpoint = true}, {}, {.rates = {.commands = 2}});
  bench.client.stand_between([](const auto& request) {
    auto answer = contradiction(request);
    std::get<upstream::Delivered>(*answer).repeats = 1;
    return answer;
  });
  const std::string body = R"({"domain":"infotainment","action":{"vehicleControlHonkHornAction":{}}})";
  CHECK(bench.send("POST", "/fleetsign/v1/vehicles/" + bench.vin + "/action", body).status == 422);
  CHECK(figure(bench, R"(fleetsign_upstream_requests_total{for="handshake"})") == "2");
  CHECK(bench.command("honk_horn").status == 429);
}

TEST_CASE("without protocol: answers that contradict each other end with the second one") {
  ApiBench bench;
  bench.client.stand_between(contradiction);
  const auto first = bench.command("honk_horn");
  CHECK(first.status == 403);
  CHECK(first.body == kRequired);
  CHECK(*first.headers.find("Fleetsign-Executed") == "no");
  CHECK(*first.headers.find("Fleetsign-Upstream-Requests") == "2");
  CHECK(sent(bench) == "SF");
  CHECK_FALSE(bench.without_protocol.has(bench.vin));

  bench.without_protocol.add(bench.vin);
  const auto second = bench.command("honk_horn");
  CHECK(second.status == 422);
  CHECK(second.body == kDenied);
  CHECK(*second.headers.find("Fleetsign-Executed") == "no");
  CHECK(*second.headers.find("Fleetsign-Upstream-Requests") == "2");
  CHECK(sent(bench) == "FS");
  CHECK_FALSE(bench.without_protocol.has(bench.vin));
}

TEST_CASE("without protocol: a command that nobody knows and that must be signed is passed on with its answer") {
  ApiBench bench;
  bench.client.stand_between(contradiction);
  bench.without_protocol.add(bench.vin);
  const auto reply = bench.command("no_such_command");
  CHECK(reply.status == 403);
  CHECK(reply.body == kRequired);
  CHECK(sent(bench) == "F");
  CHECK_FALSE(bench.without_protocol.has(bench.vin));
}

TEST_CASE("without protocol: a 422 with other words, or to a command in a session, says nothing of the vehicle") {
  ApiBench bench;
  bench.client.stand_between([](const upstream::Request&) { return fleetsign::test::answered(422, "{}"); });
  CHECK(bench.command("honk_horn").status == 422);
  bench.client.stand_between({});
  CHECK(bench.command("honk_horn").status == 200);
  bench.client.stand_between(contradiction);
  CHECK(bench.command("honk_horn").status == 422);
  CHECK(bench.command("door_lock").status == 422);  // a handshake of the other domain
  CHECK_FALSE(bench.without_protocol.has(bench.vin));
  CHECK(sent(bench) == "SSSSS");
}

TEST_CASE("without protocol: the doctor asks such a vehicle nothing that is signed, and says why") {
  ApiBench bench;
  bench.without_protocol.add(bench.vin);
  const auto reply = bench.send("GET", "/fleetsign/v1/vehicles/" + bench.vin + "/diagnosis");
  CHECK(reply.body.find("does not speak the protocol") != std::string::npos);
  CHECK(sent(bench).find('S') == std::string::npos);
}

}  // namespace
}  // namespace fleetsign::api
