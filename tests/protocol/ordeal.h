// SPDX-License-Identifier: Apache-2.0
// Up to four commands that share one session and overlap, while everything happens to them that may go wrong. Checks
// at each step what an exchange and a session promise.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

namespace fleetsign::protocol::test {

struct Ordeal {
  std::string broken;             ///< the first promise that was broken, in words; empty when all were kept
  std::set<std::string> results;  ///< how the commands ended, as to_text() says it
};

/// The bytes decide what happens; after the last one everything goes well.
Ordeal undergo(std::span<const std::uint8_t> input);

}  // namespace fleetsign::protocol::test
