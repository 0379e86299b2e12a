// SPDX-License-Identifier: Apache-2.0
#include "protocol/vin.h"

#include <doctest/doctest.h>

namespace fleetsign::protocol {
namespace {

TEST_CASE("vin: 17 letters and digits, in upper case") {
  CHECK(read_vin("5YJ30123456789ABC") == "5YJ30123456789ABC");
  CHECK(read_vin("5yj30123456789abc") == "5YJ30123456789ABC");
}

TEST_CASE("vin: another length, I, O and Q, and other characters make none") {
  for (const char* const text : {"", "5YJ30123456789AB", "5YJ30123456789ABCD", "5YJ3012345678IABC", "5YJ3012345678oABC",
                                 "5YJ3012345678QABC", "5YJ3012345678 ABC",
                                 "5YJ3012345678\xc3\xa4"
                                 "BC"}) {
    CAPTURE(text);
    CHECK_FALSE(read_vin(text));
  }
}

}  // namespace
}  // namespace fleetsign::protocol
