// SPDX-License-Identifier: Apache-2.0
// A bounded run of bytes between who puts and who takes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace fleetsign::upstream {

/// For one thread at a time: whoever shares it brings the lock. Holds no memory before the first byte.
class Pipe {
 public:
  static constexpr std::size_t kBytes = std::size_t{256} * 1024;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t room() const { return kBytes - size_; }

  /// All of the piece, or, when there is not so much room, nothing: false.
  bool put(std::string_view piece);
  /// The oldest bytes, as many as there are and fit; how many that were.
  std::size_t take(std::span<char> into);

 private:
  std::unique_ptr<char[]> ring_;
  std::size_t first_ = 0;  ///< where the oldest byte is
  std::size_t size_ = 0;
};

}  // namespace fleetsign::upstream
