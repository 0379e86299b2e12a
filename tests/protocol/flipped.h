// SPDX-License-Identifier: Apache-2.0
// The negative set of a known answer: the same with one bit wrong, for every bit.
#pragma once

#include <cstddef>

namespace fleetsign::protocol::test {

/// Calls `check` once for each bit, with that bit of `bytes` inverted; leaves `bytes` as they were.
template <class Bytes, class Check>
void with_each_bit_flipped(Bytes& bytes, Check check) {
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto& byte = bytes[bit / 8];
    const auto mask = 1U << bit % 8;
    const auto original = byte;
    byte = static_cast<typename Bytes::value_type>(static_cast<unsigned char>(byte) ^ mask);
    check();
    byte = original;
  }
}

}  // namespace fleetsign::protocol::test
