// SPDX-License-Identifier: Apache-2.0
// What tests of lanes and of the commander share: simulated vehicles, a clock that only the test moves, and callers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/upstream/fleet_api.h"
#include "daemon/vehicles/commander.h"
#include "daemon/vehicles/lanes.h"
#include "daemon/vehicles/waker.h"
#include "simulator/fleet.h"
#include "tests/daemon/support/fleet_client.h"

namespace fleetsign::vehicles::test {

using protocol::Duration;
using protocol::Instant;

/// Long enough for the slowest machine; a test that works never waits for it, one that does not work ends by it.
constexpr std::chrono::seconds kAmple{60};

class ManualClock {
 public:
  [[nodiscard]] Instant now() const { return Instant(Duration(since_boot_.load())); }
  void pass(Duration time) { since_boot_ += time.count(); }
  [[nodiscard]] Clock as_function() const {
    return [this] { return now(); };
  }

 private:
  std::atomic<Duration::rep> since_boot_{Duration(std::chrono::hours(1)).count()};
};

/// Something that one thread brings about and others wait for.
class Event {
 public:
  void happen();
  /// Whether it has happened, after waiting for it for an ample time.
  bool wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool happened_ = false;
};

/// Whether a caller is still there, and how often that was asked. A lane asks whenever it lets its caller wait.
class Presence {
 public:
  void leave();
  /// Whether it has been asked so often, after waiting for that for an ample time.
  bool wait_for_looks(int looks);
  [[nodiscard]] std::function<bool()> as_function();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool gone_ = false;
  int looks_ = 0;
};

/// A command of the catalogue, which must be valid.
protocol::Payload payload_of(const std::string& command, const std::string& body = "{}");

class Bench {
 public:
  explicit Bench(std::size_t vehicles = 1);

  ManualClock clock;
  std::shared_ptr<const crypto::PrivateKey> key;
  simulator::Fleet fleet;
  fleetsign::test::FleetClient client{fleet};
  upstream::FleetApi fleet_api{client, "https://fleet.test"};
  Lanes lanes;
  WakeBudget budget{{}, [] { return std::int64_t{0}; }};
  RateLimiter rates{{}, clock.as_function()};
  Waker waker{fleet_api, budget, rates, clock.as_function()};
  Commander commander{lanes, fleet_api, waker, {}};
  const std::vector<std::string> vins = fleet.vins();

  /// For the first vehicle, with ten seconds to go.
  [[nodiscard]] Order order(const std::string& command, const std::string& token = "token") const;
  [[nodiscard]] Order order(const std::string& command, Presence& caller, const std::string& token = "token") const;
  [[nodiscard]] Patience patience(Duration wait = std::chrono::seconds(10)) const;
  [[nodiscard]] Patience patience(Presence& caller, Duration wait = std::chrono::seconds(10)) const;

  /// How many commands a vehicle has carried out.
  std::uint64_t executed(std::size_t vehicle = 0);
  std::uint64_t handshakes(std::size_t vehicle = 0);
};

/// "accepted", "refused" or the error_code; a space; whether it was executed.
std::string to_text(const protocol::Result<protocol::Outcome>& outcome);

}  // namespace fleetsign::vehicles::test
