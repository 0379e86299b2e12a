// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/rate_limiter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace fleetsign::vehicles {
namespace {

using namespace std::chrono_literals;
using protocol::Instant;
using protocol::Kind;
using upstream::Category;
using upstream::Charge;

const Charge kCommand{.category = Category::commands, .vehicle = "5YJS0000000000001"};
const Charge kRead{.category = Category::data, .vehicle = "5YJS0000000000001"};
const Charge kOther{.category = Category::commands, .vehicle = "5YJS0000000000002"};

struct Rig {
  Instant now{1h};
  RateLimiter limiter;

  explicit Rig(std::size_t commands, std::size_t vehicles = RateLimiter::kVehicles)
      : limiter(
            {.commands = commands}, [this] { return now; }, vehicles) {}

  bool admits(const Charge& charge = kCommand) { return !limiter.admit(charge); }
};

TEST_CASE("rate limiter: so many a minute for each vehicle and category, then refused with when to come again") {
  Rig rig(2);
  CHECK(rig.admits());
  rig.now += 20s;
  CHECK(rig.admits());
  const auto refused = rig.limiter.admit(kCommand);
  REQUIRE(refused);
  CHECK(refused->kind == Kind::local_rate);
  CHECK(refused->retry_after == 40);
  CHECK(refused->was_executed() == protocol::Executed::no);
  CHECK(refused->message.find("`rate_limits.commands` is 2") != std::string::npos);
  CHECK(rig.admits(kOther));
  CHECK(rig.admits(kRead));
}

TEST_CASE("rate limiter: who comes when told to is admitted, and a moment before is not") {
  Rig rig(1);
  CHECK(rig.admits());
  rig.now += 59'001ms;
  CHECK(rig.limiter.admit(kCommand)->retry_after == 1);
  rig.now += 998ms;
  CHECK_FALSE(rig.admits());
  rig.now += 1ms;
  CHECK(rig.admits());
}

TEST_CASE("rate limiter: what is refused does not count") {
  Rig rig(1);
  CHECK(rig.admits());
  for (int i = 0; i < 10; ++i) CHECK_FALSE(rig.admits());
  rig.now += 60s;
  CHECK(rig.admits());
}

TEST_CASE("rate limiter: a command counts with all of its requests, and one that sent none not at all") {
  Rig rig(3);
  CHECK(rig.admits());
  rig.limiter.settle(kCommand, 0, rig.now);
  CHECK(rig.admits());
  rig.limiter.settle(kCommand, 3, rig.now);  // a handshake before it, and one after the vehicle's restart
  CHECK_FALSE(rig.admits());
  rig.now += 60s;
  CHECK(rig.admits());
  rig.limiter.settle(kCommand, 1, rig.now);
  CHECK(rig.admits());
  CHECK(rig.admits());
  CHECK_FALSE(rig.admits());
}

TEST_CASE("rate limiter: a command that costs more than the rate is one command, and the next waits for a minute") {
  Rig rig(2);
  CHECK(rig.admits());
  rig.now += 10s;
  rig.limiter.settle(kCommand, 5, rig.now - 10s);
  CHECK(rig.limiter.admit(kCommand)->retry_after == 60);
  rig.now += 60s;
  CHECK(rig.admits());
}

TEST_CASE("rate limiter: without a rate, and for what is no vehicle, everything is admitted") {
  Rig rig(1);
  const Charge nobody{.category = Category::commands, .vehicle = ""};
  for (int i = 0; i < 100; ++i) {
    CHECK(rig.admits(kRead));
    CHECK(rig.admits(nobody));
    rig.limiter.settle(kRead, 2, rig.now);
  }
}

TEST_CASE("rate limiter: it knows a bounded number of vehicles") {
  Rig rig(1, 2);
  CHECK(rig.admits());
  CHECK(rig.admits(kOther));
  CHECK_FALSE(rig.admits(kOther));
  CHECK(rig.admits({.category = Category::commands, .vehicle = "5YJS0000000000003"}));
  CHECK(rig.admits());
}

TEST_CASE("rate limiter: in no minute are more admitted than the rate, whenever they come") {
  std::mt19937 random(7);
  Rig rig(5);
  std::vector<Instant> admitted;
  for (int i = 0; i < 2'000; ++i) {
    rig.now += std::chrono::milliseconds(random() % 15'000);
    if (rig.admits()) admitted.push_back(rig.now);
  }
  CHECK(admitted.size() > 1'000);
  for (std::size_t i = 5; i < admitted.size(); ++i) CHECK(admitted[i] - admitted[i - 5] >= 60s);
}

TEST_CASE("rate limiter: callers at once are not more than the rate") {
  Rig rig(20);
  std::vector<std::thread> callers;
  std::vector<int> admitted(8);
  for (auto& count : admitted) {
    callers.emplace_back([&rig, &count] {
      for (int i = 0; i < 20; ++i) count += rig.admits() ? 1 : 0;
    });
  }
  for (auto& caller : callers) caller.join();
  int sum = 0;
  for (const int count : admitted) sum += count;
  CHECK(sum == 20);
}

TEST_CASE("rate limiter: what is given back by one request does not let more than the rate into a minute") {
  Rig rig(2);
  CHECK(rig.admits());
  rig.now += 50s;
  CHECK(rig.admits());
  rig.limiter.settle(kCommand, 0, rig.now - 50s);  // the first one's
  rig.now += 1s;
  CHECK(rig.admits());
  rig.now += 9s;
  CHECK_FALSE(rig.admits());
}

TEST_CASE("rate limiter: who is turned away again and again takes nobody's place, and keeps none from getting free") {
  Rig rig(2);
  CHECK(rig.admits());
  for (int i = 0; i < 59; ++i) {
    rig.now += 1s;
    CHECK(rig.admits());
    rig.limiter.settle(kCommand, 0, rig.now);
  }
  rig.now += 1s;
  CHECK(rig.admits());
  CHECK(rig.admits());
}

TEST_CASE("rate limiter: another rate holds at once, and counts what was had before") {
  Rig rig(3);
  for (int i = 0; i < 3; ++i) {
    CHECK(rig.admits());
    rig.now += 10s;
  }
  rig.limiter.set_rates({.commands = 2});
  CHECK(rig.limiter.admit(kCommand)->retry_after == 40);  // a minute after the second
  rig.now += 40s;
  CHECK(rig.admits());
  CHECK_FALSE(rig.admits());
  rig.limiter.set_rates({.commands = 4, .data = 1});
  CHECK(rig.admits());
  CHECK(rig.admits(kRead));
  CHECK_FALSE(rig.admits(kRead));
  rig.limiter.set_rates({});
  for (int i = 0; i < 100; ++i) CHECK(rig.admits());
}

}  // namespace
}  // namespace fleetsign::vehicles
