// SPDX-License-Identifier: Apache-2.0
// What each caller has spent on a day, over restarts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/state/store.h"

namespace fleetsign::state {

/// Safe to use from many threads; each call may wait for the disk. Callers are those of the configuration: few.
class Spending {
 public:
  explicit Spending(Store& store) : store_(store) {}

  /// In millionths of a dollar; 0 when nothing was kept, nothing when it cannot be read. A day is a number that grows.
  [[nodiscard]] std::optional<std::uint64_t> spent(const std::string& caller, std::int64_t day) const;

  /// In place of what is kept for another day of that caller. Whether it is durable.
  [[nodiscard]] bool keep(const std::string& caller, std::int64_t day, std::uint64_t millionths);

 private:
  Store& store_;
};

}  // namespace fleetsign::state
