// SPDX-License-Identifier: Apache-2.0
#include "crypto/rfc6979.h"

#include <cstddef>
#include <span>

namespace fleetsign::crypto {
namespace {

using Octets = std::array<std::uint8_t, 32>;

struct Difference {
  Octets value{};
  bool borrowed = false;  ///< the first number was below the second
};

/// Modulo 2^256, in a time that does not depend on the numbers.
Difference subtract(std::span<const std::uint8_t, 32> from, const Octets& number) {
  Difference difference;
  unsigned borrow = 0;
  for (std::size_t i = number.size(); i-- > 0;) {
    const unsigned digit = 0x100U + from[i] - number[i] - borrow;
    difference.value[i] = static_cast<std::uint8_t>(digit & 0xff);
    borrow = 1 - (digit >> 8);
  }
  difference.borrowed = borrow != 0;
  return difference;
}

/// Section 2.3.4. As qlen is the length of the hash, bits2int() is the hash as a number, below 2q.
Octets bits2octets(const Sha256Digest& hash, const Octets& q) {
  const Difference less_q = subtract(hash, q);
  return less_q.borrowed ? hash : less_q.value;
}

bool is_candidate(const Octets& number, const Octets& q) {
  unsigned bits = 0;
  for (const std::uint8_t octet : number) bits |= octet;
  Difference less_q = subtract(number, q);
  const WipeAtEnd wipe_difference(less_q.value);
  return bits != 0 && less_q.borrowed;
}

}  // namespace

Secret<32> deterministic_nonce(const Octets& q, const Secret<32>& x, const Sha256Digest& hash) {
  constexpr std::array<std::uint8_t, 1> kZero{0x00};
  constexpr std::array<std::uint8_t, 1> kOne{0x01};
  const Octets message = bits2octets(hash, q);
  Octets v{};
  const WipeAtEnd wipe_v(v);
  v.fill(0x01);
  Octets k{};  // the HMAC's key: section 3.2 calls the nonce by the same letter
  const WipeAtEnd wipe_k(k);
  for (const auto& step : {kZero, kOne}) {
    k = hmac_sha256(k, {v, step, x.expose(), message});
    v = hmac_sha256(k, {v});
  }
  while (true) {
    v = hmac_sha256(k, {v});
    if (is_candidate(v, q)) return Secret<32>(v);
    k = hmac_sha256(k, {v, kZero});
    v = hmac_sha256(k, {v});
  }
}

}  // namespace fleetsign::crypto
