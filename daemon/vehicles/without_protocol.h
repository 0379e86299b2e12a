// SPDX-License-Identifier: Apache-2.0
// Vehicles that do not speak the protocol, so that their commands go to Fleet API as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/state/unsigned_vehicles.h"

namespace fleetsign::vehicles {

/// Safe to use from many threads. VINs are in upper case.
class WithoutProtocol {
 public:
  /// After that a vehicle is asked again: its firmware may have been renewed.
  static constexpr std::int64_t kKept = 24 * 60 * 60;  // seconds
  static constexpr std::size_t kCapacity = 10'000;

  /// `unix_now` gives seconds. Of more than `capacity` vehicles (1 or more), those whose time ends first are given up.
  /// `kept`, which outlives this object, is where they outlive it; null for nowhere.
  explicit WithoutProtocol(std::function<std::int64_t()> unix_now, std::size_t capacity = kCapacity,
                           state::UnsignedVehicles* kept = nullptr);

  [[nodiscard]] bool has(const std::string& vin) const;

  /// From now on, for a day.
  void add(const std::string& vin);

  struct Forgotten {
    bool was_there = false;
    bool durable = true;  ///< whether a restart leaves it at that
  };
  Forgotten forget(const std::string& vin);

  /// By VIN.
  [[nodiscard]] std::vector<state::UnsignedVehicle> all() const;

 private:
  [[nodiscard]] bool counts(std::int64_t until) const;

  const std::function<std::int64_t()> unix_now_;
  const std::size_t capacity_;
  state::UnsignedVehicles* const kept_;
  std::mutex changing_{};     // so that what is kept changes in the order of what is known; taken before the other
  mutable std::mutex mutex_;  // guards the rest; never held while the disk is waited for
  std::map<std::string, std::int64_t> until_{};
};

}  // namespace fleetsign::vehicles
