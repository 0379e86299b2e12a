// SPDX-License-Identifier: Apache-2.0
// Exchanges: whatever happens to up to four commands, in whatever order, every promise is kept
// (tests/protocol/ordeal.h).
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/protocol/ordeal.h"
#include "tests/support/fuzz.h"

namespace {

constexpr std::size_t kLongest = 4096;  // a longer story tells nothing new, and takes its time

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  const auto ordeal = fleetsign::protocol::test::undergo(input.first(std::min(input.size(), kLongest)));
  if (ordeal.broken.empty()) return;
  std::fprintf(stderr, "broken: %s\n", ordeal.broken.c_str());
  std::abort();
}
