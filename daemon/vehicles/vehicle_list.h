// SPDX-License-Identifier: Apache-2.0
// Which vehicle a numeric id of Fleet API means: the list of vehicles that each token sees, asked for once a day.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "daemon/upstream/fleet_api.h"
#include "daemon/upstream/recent.h"
#include "daemon/vehicles/patience.h"
#include "protocol/failure.h"
#include "protocol/time.h"

namespace fleetsign::vehicles {

/// What became of the search for a vehicle.
struct Finding {
  /// In upper case. Kind::not_found: the account has no such vehicle. Kind::upstream_error: Fleet API's own answer. Any
  /// other: the way to Fleet API, or what came from there.
  protocol::Result<std::string> vin;
  std::optional<upstream::Delivered> fleet_api_answer = {};  ///< for Kind::upstream_error
  int upstream_requests = 0;
};

/// Safe to use from many threads.
class VehicleList {
 public:
  /// Tokens whose lists are at hand. Each has its own: what a token says of its account nobody has verified here.
  static constexpr std::size_t kTokens = 64;
  /// Of one list, so many pages of a hundred vehicles are read.
  static constexpr int kPages = 50;
  static constexpr protocol::Duration kKept = std::chrono::hours(24);
  /// A list that does not have an id is not asked for again so soon.
  static constexpr protocol::Duration kMissKept = std::chrono::minutes(1);

  VehicleList(const upstream::FleetApi& fleet_api, Clock clock) : fleet_api_(fleet_api), clock_(std::move(clock)) {}

  /// The vehicle of that id (decimal digits) in the list that the token sees. Blocks until the deadline at the
  /// latest, while the list is asked for.
  [[nodiscard]] Finding find(const std::string& id, const upstream::Bearer& token, const Patience& patience);

  /// The VIN of that id where the list is at hand already: nothing is ever asked for.
  [[nodiscard]] std::optional<std::string> known(const std::string& id, const upstream::Bearer& token);

 private:
  using VinsById = std::unordered_map<std::string, std::string>;
  struct Known {
    VinsById vins = {};
    protocol::Instant read{};
  };
  struct Page;

  /// Nothing when the list has to be asked for.
  [[nodiscard]] std::optional<Finding> recall(const std::string& caller, const std::string& id);
  [[nodiscard]] Page read_page(int number, const upstream::Bearer& token, const Patience& patience) const;

  const upstream::FleetApi& fleet_api_;
  const Clock clock_;
  std::mutex mutex_{};  // guards the rest
  upstream::Recent<Known> known_{kTokens};
};

}  // namespace fleetsign::vehicles
