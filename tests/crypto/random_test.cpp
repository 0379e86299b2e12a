// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <set>
#include <vector>

#include "crypto/error.h"

namespace fleetsign::crypto {
namespace {

TEST_CASE("random: fills everything, and never twice with the same") {
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_bytes<16>());
  CHECK(seen.size() == 1000);
}

TEST_CASE("random: every byte of a buffer is reached") {
  // 64 draws leave one of 1000 bytes zero with a probability of 1000 / 256^64.
  std::vector<std::uint8_t> reached(1000);
  for (int i = 0; i < 64; ++i) {
    std::vector<std::uint8_t> bytes(reached.size());
    fill_random(bytes);
    std::transform(bytes.begin(), bytes.end(), reached.begin(), reached.begin(), std::bit_or<>());
  }
  CHECK(std::count(reached.begin(), reached.end(), 0) == 0);
}

TEST_CASE("random: an empty buffer is filled already") {
  CHECK_NOTHROW(fill_random({}));
}

}  // namespace
}  // namespace fleetsign::crypto
