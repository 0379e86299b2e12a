// SPDX-License-Identifier: Apache-2.0
// Many threads, one vehicle, and nothing that stays as it is: no command is carried out twice, or without being told.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace test;

constexpr int kThreads = 8;
constexpr int kCommands = 25;  // by each thread

struct Tally {
  std::uint64_t accepted = 0;
  std::uint64_t unknown = 0;
  std::uint64_t not_executed = 0;
};

/// Eight threads that command one car, one payload after the other, while `between` happens before each command.
Tally storm(Bench& bench, const std::vector<protocol::Payload>& payloads, const std::function<void(int)>& between) {
  std::array<Tally, kThreads> tallies{};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        auto& tally = tallies[static_cast<std::size_t>(i)];
        auto order = bench.order("ping");
        order.payload = payloads[static_cast<std::size_t>(i) % payloads.size()];
        for (int n = 0; n < kCommands; ++n) {
          between(n);
          const auto report = bench.commander.execute(order);
          const bool accepted = report.outcome && report.outcome->accepted;
          if (accepted)
            ++tally.accepted;
          else if (to_text(report.outcome).ends_with(" unknown"))
            ++tally.unknown;
          else
            ++tally.not_executed;
        }
      });
    }
  }
  Tally sum;
  for (const auto& [accepted, unknown, not_executed] : tallies) {
    sum.accepted += accepted;
    sum.unknown += unknown;
    sum.not_executed += not_executed;
  }
  return sum;
}

/// Each execution is one that was told, or one of which it was said that nobody knows.
void check_told(Bench& bench, const Tally& tally) {
  CAPTURE(tally.accepted);
  CAPTURE(tally.unknown);
  CAPTURE(tally.not_executed);
  CHECK(tally.accepted + tally.unknown + tally.not_executed == kThreads * kCommands);
  CHECK(bench.executed() >= tally.accepted);
  CHECK(bench.executed() <= tally.accepted + tally.unknown);
  CHECK(tally.accepted > 0);
}

std::vector<std::vector<protocol::Payload>> mixtures() {
  const auto horn = payload_of("honk_horn");
  const auto trunk = payload_of("actuate_trunk", R"({"which_trunk": "rear"})");
  return {{horn}, {trunk}, {horn, trunk}};
}

TEST_CASE("concurrency: eight threads on a vehicle that reboots again and again: executed is what was accepted") {
  for (const auto& payloads : mixtures()) {
    Bench bench;
    const auto tally = storm(bench, payloads, [&](int n) {
      if (n % 3 == 0) bench.client.order(bench.vins[0], {{"fault", "reboot"}});
    });
    check_told(bench, tally);
    // A reboot leaves no doubt: the vehicle says that it did nothing.
    CHECK(tally.unknown == 0);
    CHECK(bench.executed() == tally.accepted);
  }
}

TEST_CASE("concurrency: likewise when everything goes wrong in turn") {
  constexpr std::array<std::string_view, 9> kFaults{"reboot",        "drop_reply",    "rotate_key",
                                                    "garbage_reply", "counter_ahead", "http_503",
                                                    "replay_reply",  "drop_request",  "duplicate_reply"};
  for (const auto& payloads : mixtures()) {
    Bench bench;
    const auto tally = storm(bench, payloads, [&](int n) {
      const auto fault = kFaults[static_cast<std::size_t>(n) % kFaults.size()];
      bench.client.order(bench.vins[0], {{"fault", fault}});
    });
    check_told(bench, tally);
  }
}

TEST_CASE("concurrency: lanes that make room for each other lose no command") {
  Bench bench(60);
  Lanes few(bench.key, bench.clock.as_function(), 16);
  const Commander commander(few, bench.fleet_api, bench.waker, {});
  std::atomic<int> accepted = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t n = 0; n < kCommands; ++n) {
          auto order = bench.order("honk_horn");
          order.vin = bench.vins[(n * 7 + static_cast<std::size_t>(i)) % bench.vins.size()];
          if (commander.execute(order).outcome) ++accepted;
        }
      });
    }
  }
  CHECK(accepted == kThreads * kCommands);
  // While they are in use, lanes are not bounded; those that come next drop what is beyond.
  for (int n = 0; n < 1000; ++n) {
    static_cast<void>(few.find_or_make("5YJS" + std::to_string(1000 + n), protocol::Domain::infotainment));
  }
  CHECK(few.size() <= 16);
}

}  // namespace
}  // namespace fleetsign::vehicles
