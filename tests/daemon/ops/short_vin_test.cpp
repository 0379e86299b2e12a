// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/short_vin.h"

#include <doctest/doctest.h>

namespace fleetsign::ops {
namespace {

TEST_CASE("short VIN: the last six characters") {
  CHECK(end_of_vin("5YJS0000000000001") == "000001");
  CHECK(end_of_vin("123") == "123");
  CHECK(end_of_vin("").empty());
}

TEST_CASE("short VIN: of every word that looks like one only the end is left") {
  CHECK(without_vins("5YJS0000000000001") == "…000001");
  CHECK(without_vins("a_LRWYGCEK000123456-xp7ygcek0nb000002 b") == "a_…123456-…000002 b");
  CHECK(without_vins("").empty());
}

TEST_CASE("short VIN: other words stay") {
  for (const auto* text : {"set_charge_limit", "5YJS000000000000", "5YJS00000000000012", "5YJO0000000000001",
                           "5YJS000000000000A", "ä 5YJS…"}) {
    CHECK(without_vins(text) == text);
  }
}

}  // namespace
}  // namespace fleetsign::ops
