// SPDX-License-Identifier: Apache-2.0
// What an exchange promises, kept through every misfortune that a seeded generator finds.
#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "tests/protocol/core_kinds.h"
#include "tests/protocol/ordeal.h"

namespace fleetsign::protocol {
namespace {

constexpr int kSequences = 20'000;
constexpr std::size_t kShortest = 8;
constexpr std::size_t kLongest = 160;

TEST_CASE("exchange: every promise is kept through twenty thousand sequences of misfortunes") {
  std::mt19937 generator(20240607);  // NOLINT(cert-msc51-cpp,bugprone-random-generator-seed): the same each time
  std::set<std::string> results;
  for (int sequence = 0; sequence < kSequences; ++sequence) {
    std::vector<std::uint8_t> input(kShortest + generator() % (kLongest - kShortest));
    for (auto& byte : input) byte = static_cast<std::uint8_t>(generator());
    const auto ordeal = test::undergo(input);
    INFO("as an input of tests/fuzz/corpus/exchange: ", crypto::to_hex(input));
    REQUIRE(ordeal.broken == "");
    results.insert(ordeal.results.begin(), ordeal.results.end());
  }

  // They must have led somewhere: to every kind of end, and to ends after a doubtful repeat.
  for (const auto& row : kinds()) {
    if (!test::may_come_of_an_exchange(row.kind)) continue;
    CAPTURE(row.error_code);
    const std::string executed(to_string(row.executed));
    CHECK(results.contains(std::string(row.error_code) + ' ' + executed));
  }
  for (const auto* result :
       {"accepted yes", "refused no", "refused unknown", "upstream_error no", "upstream_error unknown"}) {
    CAPTURE(result);
    CHECK(results.contains(result));
  }
  // A kind that means "not executed" never comes with a doubt.
  for (const auto& row : kinds()) {
    if (row.executed != Executed::no) continue;
    CAPTURE(row.error_code);
    CHECK_FALSE(results.contains(std::string(row.error_code) + " unknown"));
  }
}

}  // namespace
}  // namespace fleetsign::protocol
