// SPDX-License-Identifier: Apache-2.0
// Bytes that decide what happens next: from a seeded generator, or from a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fleetsign::protocol::test {

class Choices {
 public:
  explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool exhausted() const { return bytes_.empty(); }

  /// From 0 to one less than `count`, at most 256; always 0 when the bytes have come to an end.
  std::size_t below(std::size_t count) {
    if (bytes_.empty()) return 0;
    const std::size_t choice = bytes_.front() % count;
    bytes_ = bytes_.subspan(1);
    return choice;
  }

  /// False when the bytes have come to an end.
  bool once_in(std::size_t count) { return below(count) == 1; }

  template <class T, std::size_t N>
  const T& among(const T (&items)[N]) {
    return items[below(N)];
  }

  /// As many bytes as the next one says, or as there are.
  std::string text() {
    const auto length = std::min(below(256), bytes_.size());
    const std::string taken(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(length));
    bytes_ = bytes_.subspan(length);
    return taken;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace fleetsign::protocol::test
