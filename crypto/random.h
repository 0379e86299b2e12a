// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fleetsign::crypto {

/// Fills with unpredictable bytes, or throws Error: a message is never made from a buffer that was not filled.
void fill_random(std::span<std::uint8_t> bytes);

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> bytes{};
  fill_random(bytes);
  return bytes;
}

}  // namespace fleetsign::crypto
