// SPDX-License-Identifier: Apache-2.0
// Which counters of one client key a domain has seen in its epoch.
#pragma once

#include <cstdint>

namespace fleetsign::simulator {

/// How a domain takes commands that overtake one another on their way.
enum class Arrival {
  in_order,       ///< vehicle security: every counter is above all earlier ones
  within_window,  ///< infotainment: each counter once, up to 32 behind the highest
};

class Window {
 public:
  static constexpr std::uint32_t kSize = 32;

  /// Every counter up to `highest` counts as used.
  explicit Window(Arrival arrival, std::uint32_t highest = 0) : arrival_(arrival), highest_(highest) {}

  [[nodiscard]] std::uint32_t highest() const { return highest_; }

  [[nodiscard]] bool admits(std::uint32_t counter) const {
    if (counter > highest_) return true;
    if (arrival_ == Arrival::in_order) return false;
    const std::uint32_t age = highest_ - counter;
    return age <= kSize && (used_ >> age & 1) == 0;
  }

  /// Uses up a counter that admits() let through.
  void use(std::uint32_t counter) {
    if (counter <= highest_) {
      used_ |= std::uint64_t{1} << (highest_ - counter);
      return;
    }
    const std::uint32_t step = counter - highest_;
    used_ = (step < 64 ? used_ << step : 0) | 1;
    highest_ = counter;
  }

  /// As if so many counters had been used by somebody else; stops at the last counter there is.
  void skip(std::uint32_t counters) {
    highest_ += counters < UINT32_MAX - highest_ ? counters : UINT32_MAX - highest_;
    used_ = kAllUsed;
  }

 private:
  static constexpr std::uint64_t kAllUsed = ~std::uint64_t{0};

  Arrival arrival_;
  std::uint32_t highest_;
  std::uint64_t used_ = kAllUsed;  ///< bit i: the counter i below the highest
};

}  // namespace fleetsign::simulator
