// SPDX-License-Identifier: Apache-2.0
// How often each vehicle was woken on a day, over restarts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/state/store.h"

namespace fleetsign::state {

/// Safe to use from many threads; each call may wait for the disk.
class Wakes {
 public:
  /// More vehicles than that on one day are not kept: a stranger can make up VINs.
  static constexpr std::int64_t kCapacity = 20'000;

  explicit Wakes(Store& store) : store_(store) {}

  /// 0 when none are known, or they cannot be read. A day is a number that grows.
  [[nodiscard]] std::size_t count(const std::string& vin, std::int64_t day) const;

  /// Gives up other days. Whether it is durable.
  bool keep(const std::string& vin, std::int64_t day, std::size_t count);

 private:
  Store& store_;
};

}  // namespace fleetsign::state
