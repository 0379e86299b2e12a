// SPDX-License-Identifier: Apache-2.0
// Which vehicles do not speak the protocol, over restarts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/state/store.h"

namespace fleetsign::state {

struct UnsignedVehicle {
  std::string vin;         ///< upper case
  std::int64_t until = 0;  ///< Unix seconds

  friend bool operator==(const UnsignedVehicle&, const UnsignedVehicle&) = default;
};

/// Safe to use from many threads; each call may wait for the disk.
class UnsignedVehicles {
 public:
  /// Of more vehicles than that, those that were kept first are given up: a stranger can make up VINs.
  static constexpr std::int64_t kCapacity = 10'000;

  explicit UnsignedVehicles(Store& store, std::int64_t capacity = kCapacity) : store_(store), capacity_(capacity) {}

  /// Those that were kept first come first, times that have passed included; none when they cannot be read.
  [[nodiscard]] std::vector<UnsignedVehicle> all() const;

  /// In place of the time that was kept before. Whether it is durable.
  bool keep(const UnsignedVehicle& vehicle);

  /// Whether that is durable.
  bool erase(const std::string& vin);

 private:
  Store& store_;
  std::int64_t capacity_;
};

}  // namespace fleetsign::state
