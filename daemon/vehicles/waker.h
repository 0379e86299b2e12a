// SPDX-License-Identifier: Apache-2.0
// Wakes vehicles: one wake_up for all who wait for a vehicle, and then looks whether it is online.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "daemon/upstream/fleet_api.h"
#include "daemon/vehicles/patience.h"
#include "daemon/vehicles/rate_limiter.h"
#include "daemon/vehicles/wake_budget.h"
#include "protocol/failure.h"
#include "protocol/time.h"

namespace fleetsign::vehicles {

/// What became of one caller's wish to have a vehicle awake.
struct Waking {
  /// Nothing: the vehicle is online. Kind::vehicle_unavailable: it was not in time. Kind::local_budget: it may not be
  /// woken any more today. Kind::local_rate: nor just now. Kind::expired_unsent: the caller has gone.
  /// Kind::upstream_error: Fleet API's own answer. Any other: the way to Fleet API.
  std::optional<protocol::Failure> failure = {};
  std::optional<upstream::Delivered> fleet_api_answer = {};  ///< for Kind::upstream_error
  bool asked = false;    ///< whether the vehicle may have been told to wake, by this caller or by another
  int wakes = 0;         ///< wake_up requests that this caller has made: one, or none
  int billed_wakes = 0;  ///< how often Fleet API bills that: not where it failed, twice after another host's answer
  int upstream_requests = 0;  ///< that this caller has made, with these
};

/// The failure to wake a vehicle as that of a command, which then has not been sent.
protocol::Failure without_effect(protocol::Failure failure);

/// Safe to use from many threads; each call blocks until the vehicle is online, at the latest until its deadline.
class Waker {
 public:
  /// Between two looks at a vehicle; doubled from look to look, up to the longest.
  static constexpr protocol::Duration kFirstPause = std::chrono::seconds(1);
  static constexpr protocol::Duration kLongestPause = std::chrono::seconds(5);
  /// What the last look leaves of the time: a command is sent only while a whole second is left.
  static constexpr protocol::Duration kReserve = std::chrono::seconds(1);

  Waker(const upstream::FleetApi& fleet_api, WakeBudget& budget, RateLimiter& rates, Clock clock)
      : fleet_api_(fleet_api), budget_(budget), rates_(rates), clock_(std::move(clock)) {}

  /// The VIN is in upper case. The first caller sends wake_up, once, and looks; the others wait. What is the leader's
  /// own, such as a refused token, its deadline or its departure, ends nobody else's wait: the next one leads, and goes
  /// on from there. Only who has the very token that was refused is told so, and need not pay to hear it again.
  [[nodiscard]] Waking wake(const std::string& vin, const upstream::Bearer& token, const Patience& patience);

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Errand {
    const std::string& vin;
    const upstream::Bearer& token;
    const Patience& patience;
  };
  struct Waiter {
    const upstream::Bearer& token;
    std::condition_variable changed{};
    bool leads = false;
    std::shared_ptr<const Waking> told{};  // by a leader; then the wait is over
  };
  /// A vehicle that is being woken. Somebody leads it for as long as it is there.
  struct Flight {
    bool asked = false;
    protocol::Instant last_request{};
    protocol::Duration pause = kFirstPause;
    std::list<Waiter*> waiting{};  // in the order in which they came
  };
  using Flights = std::map<std::string, Flight>;
  class Leadership;
  struct Sight;

  /// What a leader has told; nothing when the caller is to lead.
  std::optional<Waking> follow(Lock& held, Flight& flight, const Errand& errand);
  Waking lead(Flight& flight, const Errand& errand);
  Sight ask(Flight& flight, const Errand& errand, Waking& waking);
  Sight send(Flight& flight, const upstream::Call& call, const Errand& errand, Waking& waking);
  bool rest(Flight& flight, const Patience& patience);

  const upstream::FleetApi& fleet_api_;
  WakeBudget& budget_;
  RateLimiter& rates_;
  const Clock clock_;
  std::mutex mutex_;  // guards the flights and what is in them; only the leader of one changes what was asked and when
  Flights flights_{};
};

}  // namespace fleetsign::vehicles
