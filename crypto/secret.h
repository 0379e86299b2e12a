// SPDX-License-Identifier: Apache-2.0
// Key material of a fixed size: wiped when it ends, never copied, never printed, read only through expose().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fleetsign::crypto {

/// Overwrites memory in a way that the compiler may not remove.
void wipe(std::span<std::uint8_t> memory);

/// Wipes memory of another owner when a scope ends, however it ends.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::span<std::uint8_t> memory) : memory_(memory) {}
  ~WipeAtEnd() { wipe(memory_); }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;

 private:
  std::span<std::uint8_t> memory_;
};

template <std::size_t N>
class Secret {
 public:
  explicit Secret(std::span<const std::uint8_t, N> bytes) { std::copy(bytes.begin(), bytes.end(), bytes_.begin()); }
  ~Secret() { wipe(bytes_); }

  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  bool operator==(const Secret&) const = delete;

  /// The bytes. `grep -rn expose` lists every reader.
  [[nodiscard]] std::span<const std::uint8_t, N> expose() const { return bytes_; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

}  // namespace fleetsign::crypto
