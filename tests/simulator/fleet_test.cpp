// SPDX-License-Identifier: Apache-2.0
#include "simulator/fleet.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "tests/simulator/test_fleet.h"

namespace {

using fleetsign::test::Client;
using fleetsign::test::honk;
using fleetsign::test::Json;
using fleetsign::test::kInfotainment;
using fleetsign::test::TestFleet;

}  // namespace

TEST_CASE("fleet: VINs have 17 characters and count from 1") {
  TestFleet scene(12);
  const auto vins = scene.fleet.vins();
  REQUIRE(vins.size() == 12);
  CHECK(vins.front() == "5YJS0000000000001");
  CHECK(vins.back() == "5YJS0000000000012");
  for (const auto& vin : vins) CHECK(vin.size() == 17);
}

TEST_CASE("fleet: the sample token is a JWT of a user in North America, and is accepted") {
  const auto token = fleetsign::simulator::Fleet::sample_token();
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  REQUIRE(second != std::string::npos);
  const auto payload = token.substr(first + 1, second - first - 1);
  const auto claims = fleetsign::crypto::parse_base64url(payload);
  REQUIRE(claims);
  const auto json = Json::parse(fleetsign::crypto::as_text(*claims));
  CHECK(json.at("ou_code") == "NA");
  CHECK(json.at("aud").at(0) == "https://fleet-api.prd.na.vn.cloud.tesla.com");
  CHECK(std::count(json.at("scp").begin(), json.at("scp").end(), "vehicle_cmds") == 1);
  // Plain base64 has neither: a client that decodes with it fails here.
  CHECK(payload.find_first_of("-_") != std::string::npos);
  TestFleet scene;
  CHECK(scene.send("GET", "/api/1/vehicles", "", {{"Authorization", "Bearer " + token}}).status == 200);
}

TEST_CASE("fleet: an enrolled key that is no point of the curve is refused at the start") {
  fleetsign::crypto::PublicPoint point{};
  point[0] = 4;
  CHECK_THROWS_AS(
      fleetsign::simulator::Fleet({.enrolled_keys = {point}, .clock = [] { return std::chrono::milliseconds(0); }}),
      std::invalid_argument);
}

TEST_CASE("fleet: many threads at once lose no command, and execute each once") {
  constexpr int kThreads = 8;
  constexpr int kCommands = 25;
  TestFleet scene(2);
  scene.greet(kInfotainment);
  std::vector<fleetsign::test::RoutableMessage> commands;
  for (int i = 0; i < kThreads * kCommands; ++i) commands.push_back(scene.client.command(honk(), {.counter = 0}));
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCommands; ++i) {
        if (scene.post(commands[static_cast<std::size_t>(t * kCommands + i)]).status == 200) ++answered;
        scene.send("GET", "/sim/v1/vehicles/" + scene.vin);
        scene.send("GET", scene.path("/vehicle_data"));
        scene.send("POST", "/sim/v1/vehicles/5YJS0000000000002/faults", R"({"fault":"500","on":"any"})");
        scene.send("GET", "/api/1/vehicles/5YJS0000000000002");
        scene.send("GET", "/sim/v1/requests");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(answered == kThreads * kCommands);
  CHECK(scene.executed() == kThreads * kCommands);
}

TEST_CASE("fleet: a request that is delayed holds up no other of its vehicle, and goes on when faults are removed") {
  TestFleet scene;
  scene.greet(kInfotainment);
  scene.order({{"fault", "delay"}, {"ms", 600'000}});
  const auto delayed = scene.client.command(honk(), {.counter = 1});
  std::thread thread([&] { scene.post(delayed); });
  while (!scene.report().at("faults").empty()) std::this_thread::yield();
  CHECK(scene.post(scene.client.command(honk(), {.counter = 2})).status == 200);
  CHECK(scene.executed() == 1);
  // It may have taken its order and not be waiting yet.
  while (scene.executed() < 2) scene.send("DELETE", "/sim/v1/vehicles/" + scene.vin + "/faults");
  thread.join();
  CHECK(scene.report().at("executed").at(1).at("counter") == 1);
}

TEST_CASE("fleet: without an injected clock the time goes on by itself") {
  fleetsign::simulator::Fleet fleet({});
  CHECK(fleet.vins().size() == 1);
}
