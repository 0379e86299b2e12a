// SPDX-License-Identifier: Apache-2.0
// Lanes over restarts: one run of a daemon after the other on the same state, in front of the same vehicles.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "tests/crypto/temporary_folder.h"
#include "tests/daemon/vehicles/bench.h"

namespace fleetsign::vehicles {
namespace {

using namespace std::chrono_literals;
using namespace test;
using fleetsign::test::counter_of;

struct Machine {
  Bench bench;
  crypto::test::TemporaryFolder folder{};
  std::string boot_id = "first boot";
  Duration booted_at{};  // on the bench's clock
  bool synchronised = true;
  Duration wall_is_ahead{};

  [[nodiscard]] Clock clock() const {
    return [this] { return bench.clock.now() - booted_at; };
  }
  [[nodiscard]] ops::Moment moment() const {
    ops::Moment now{.boot_id = boot_id, .boot = clock()(), .wall = {}};
    const auto wall = bench.clock.now().time_since_epoch() + wall_is_ahead;
    if (synchronised) now.wall = ops::WallTime(std::chrono::floor<std::chrono::milliseconds>(wall));
    return now;
  }
  void reboot() {
    boot_id += "'";
    booted_at = bench.clock.now().time_since_epoch();
  }
  /// Of the commands that were sent, in order.
  [[nodiscard]] std::vector<std::uint32_t> counters() const {
    std::vector<std::uint32_t> used;
    for (const auto& request : bench.client.requests()) {
      if (const auto counter = counter_of(request); counter != 0) used.push_back(counter);
    }
    return used;
  }
};

/// One run of a daemon. Its end is a kill -9: nothing is said to the lanes.
class Run {
 public:
  explicit Run(Machine& machine)
      : machine_(machine),
        store_(state::Store::open(machine.folder.path() / "state", {}, [](const std::string&) {}).value()) {}

  Report execute(const std::string& command, Duration wait = 10s) {
    auto order = machine_.bench.order(command);
    order.patience.deadline = machine_.clock()() + wait;
    return commander_.execute(order);
  }
  state::Store& store() { return *store_; }
  Lanes& lanes() { return lanes_; }

 private:
  Machine& machine_;
  std::unique_ptr<state::Store> store_;
  state::Sessions sessions_{*store_, [this] { return machine_.moment(); }};
  Lanes lanes_{machine_.bench.key, machine_.clock(), Lanes::kCapacity, &sessions_};
  Commander commander_{lanes_, machine_.bench.fleet_api, machine_.bench.waker, {}};
};

TEST_CASE("kept lanes: after a restart the first command needs one request, and no counter is used again") {
  Machine machine;
  for (int run = 0; run < 5; ++run) {
    Run daemon(machine);
    for (const auto* command : {"honk_horn", "door_lock"}) {
      const auto report = daemon.execute(command);
      CHECK(to_text(report.outcome) == "accepted yes");
      CHECK(report.upstream_requests == (run == 0 ? 2 : 1));
    }
  }
  const auto used = machine.counters();
  CHECK(used.size() == 10);
  CHECK(std::set(used.begin(), used.end()).size() == 5);  // two domains
  CHECK(std::ranges::max(used) == 4 * Lane::kLease + 1);
}

TEST_CASE("kept lanes: a hundred commands to a known vehicle cost one write") {
  Machine machine;
  Run(machine).execute("honk_horn");
  Run daemon(machine);
  daemon.execute("honk_horn");
  const auto before = daemon.store().transactions();
  for (int i = 0; i < 100; ++i) REQUIRE(to_text(daemon.execute("honk_horn").outcome) == "accepted yes");
  CHECK(daemon.store().transactions() - before <= 1);
}

TEST_CASE("kept lanes: commands beyond the lease go on after one more write") {
  Machine machine;
  Run daemon(machine);
  for (std::uint32_t i = 0; i < Lane::kLease + 5; ++i) {
    REQUIRE(to_text(daemon.execute("honk_horn").outcome) == "accepted yes");
  }
  CHECK(daemon.store().transactions() <= 3);  // the first lease, that the replies are encrypted, the second lease
  CHECK(machine.counters().back() == Lane::kLease + 5);
}

TEST_CASE("kept lanes: a vehicle that booted while the daemon was away is resynchronised, executing once") {
  Machine machine;
  Run(machine).execute("honk_horn");
  machine.bench.client.order(machine.bench.vins[0], {{"fault", "reboot"}});
  const auto report = Run(machine).execute("honk_horn");
  CHECK(to_text(report.outcome) == "accepted yes");
  CHECK(report.upstream_requests == 2);
  CHECK(machine.bench.executed() == 2);
}

TEST_CASE("kept lanes: a reboot of our machine needs no handshake while wall time can be trusted, else one") {
  struct Case {
    const char* what;
    bool synchronised;
    Duration wall_is_ahead;
    int requests;
  };
  for (const auto& tried : {Case{"as it should be", true, 0s, 1}, Case{"not synchronised", false, 0s, 2},
                            Case{"set back", true, -2h, 2}, Case{"far ahead", true, 48h, 2}}) {
    CAPTURE(tried.what);
    Machine machine;
    Run(machine).execute("honk_horn");
    machine.bench.clock.pass(10min);
    machine.reboot();
    machine.bench.clock.pass(20s);
    machine.synchronised = tried.synchronised;
    machine.wall_is_ahead = tried.wall_is_ahead;
    const auto report = Run(machine).execute("honk_horn");
    CHECK(to_text(report.outcome) == "accepted yes");
    CHECK(report.upstream_requests == tried.requests);
  }
}

TEST_CASE("kept lanes: however the clocks are set over a reboot, no command can be executed after its deadline") {
  for (const bool synchronised : {true, false}) {
    for (const Duration ahead : {Duration(-3h), Duration(-1s), Duration(0s), Duration(30h)}) {
      CAPTURE(synchronised);
      CAPTURE(ahead.count());
      Machine machine;
      Run(machine).execute("honk_horn");
      machine.bench.clock.pass(1h);
      machine.reboot();
      machine.bench.clock.pass(5s);
      machine.synchronised = synchronised;
      machine.wall_is_ahead = ahead;
      Run daemon(machine);
      // On its way it is held up until its deadline has passed: the vehicle must refuse it then.
      bool held = false;
      machine.bench.client.stand_between([&](const upstream::Request& request) -> std::optional<upstream::Answer> {
        if (counter_of(request) != 0 && !std::exchange(held, true)) machine.bench.clock.pass(10s);
        return std::nullopt;
      });
      CHECK(to_text(daemon.execute("honk_horn").outcome).ends_with(" no"));
      CHECK(machine.bench.executed() == 1);
    }
  }
}

TEST_CASE("kept lanes: sessions that were forgotten stay so over a restart") {
  Machine machine;
  Run(machine).execute("honk_horn");
  {
    Run daemon(machine);  // it has no lane yet: the file alone knows
    const auto forgotten = daemon.lanes().forget(machine.bench.vins[0]);
    CHECK(forgotten.sessions == 1);
    CHECK(forgotten.durable);
    CHECK(daemon.lanes().forget(machine.bench.vins[0]).sessions == 0);
  }
  CHECK(Run(machine).execute("honk_horn").upstream_requests == 2);
}

TEST_CASE("kept lanes: what could not be forgotten for good is, once the file can be written again") {
  Machine machine;
  Run(machine).execute("honk_horn");
  {
    Run daemon(machine);
    {
      const state::Database other(machine.folder.path() / "state" / "state.db", state::Database::Access::write);
      const state::Transaction in_the_way(other);
      CHECK_FALSE(daemon.lanes().forget(machine.bench.vins[0]).durable);
    }
    CHECK(daemon.lanes().forget(machine.bench.vins[0]).durable);
  }
  CHECK(Run(machine).execute("honk_horn").upstream_requests == 2);
}

TEST_CASE("kept lanes: with a file that cannot be written commands go on, and a restart takes up no counter") {
  Machine machine;
  Run(machine).execute("honk_horn");
  {
    Run daemon(machine);
    REQUIRE(daemon.store().write([](const state::Database& file) { file.run("PRAGMA query_only = ON"); }));
    CHECK(to_text(daemon.execute("honk_horn").outcome) == "accepted yes");
    CHECK(daemon.store().trouble().has_value());
  }
  Run daemon(machine);
  const auto report = daemon.execute("honk_horn");
  CHECK(to_text(report.outcome) == "accepted yes");
  CHECK(report.upstream_requests == 2);  // only the vehicle knows its counter now
  const auto used = machine.counters();
  CHECK(std::set(used.begin(), used.end()).size() == used.size());
}

TEST_CASE("kept lanes: where not even that can be said, nothing beyond the lease is sent") {
  Machine machine;
  Run(machine).execute("honk_horn");
  Run daemon(machine);
  REQUIRE(daemon.store().write([](const state::Database& file) { file.run("PRAGMA query_only = ON"); }));
  // A folder of that name: no file can take it, as on a disk that may not be written.
  std::filesystem::remove_all(machine.folder.path() / "state");
  const auto report = daemon.execute("honk_horn");
  CHECK(to_text(report.outcome) == "state_unavailable no");
  CHECK(report.upstream_requests == 0);
}

TEST_CASE("kept lanes: commands that overlap share the recall and the leases") {
  Machine machine;
  Run(machine).execute("honk_horn");
  machine.bench.client.forget_requests();
  Run daemon(machine);
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 16; ++i) {
      callers.emplace_back([&] { CHECK(to_text(daemon.execute("honk_horn").outcome) == "accepted yes"); });
    }
  }
  CHECK(machine.bench.client.requests().size() == 16);
  const auto used = machine.counters();
  CHECK(std::set(used.begin(), used.end()).size() == 16);
  CHECK(daemon.store().transactions() <= 2);
}

}  // namespace
}  // namespace fleetsign::vehicles
