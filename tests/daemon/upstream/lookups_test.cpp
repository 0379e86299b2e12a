// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/lookups.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using fleetsign::upstream::Lookup;
using fleetsign::upstream::Lookups;

TEST_CASE("lookups: a name is running from its begin to its end, which is told once") {
  Lookups lookups;
  auto lookup = lookups.begin("a");
  REQUIRE(lookup);
  CHECK(lookups.running("a"));
  CHECK_FALSE(lookups.running("b"));
  CHECK(lookups.take_stopped().empty());
  lookup.reset();
  CHECK_FALSE(lookups.running("a"));
  CHECK(lookups.take_stopped() == std::vector<std::string>{"a"});
  CHECK(lookups.take_stopped().empty());
}

TEST_CASE("lookups: an abandoned one frees its name at once and its place at its end") {
  Lookups lookups;
  std::vector<std::unique_ptr<Lookup>> hanging;
  for (std::size_t i = 0; i < Lookups::kMost; ++i) {
    hanging.push_back(lookups.begin("a"));
    REQUIRE(hanging.back());
    hanging.back()->abandon();
    hanging.back()->abandon();
    CHECK_FALSE(lookups.running("a"));
  }
  CHECK(lookups.abandoned() == Lookups::kMost);
  CHECK(lookups.take_stopped().size() == Lookups::kMost);
  CHECK(lookups.begin("b") == nullptr);

  hanging.pop_back();
  CHECK(lookups.take_stopped().empty());
  CHECK(lookups.begin("b") != nullptr);
}
