// SPDX-License-Identifier: Apache-2.0
#include "crypto/result.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace fleetsign::crypto {
namespace {

using Outcome = Result<std::unique_ptr<int>, std::string>;

TEST_CASE("result: a value can be read, moved out, and is no error") {
  Outcome outcome(std::make_unique<int>(7));
  REQUIRE(outcome);
  CHECK(outcome.ok());
  CHECK(**outcome == 7);
  CHECK_THROWS_AS(static_cast<void>(outcome.error()), std::bad_variant_access);
  const std::unique_ptr<int> moved = std::move(outcome).value();
  CHECK(*moved == 7);
}

TEST_CASE("result: an error can be read, and asking for the value throws") {
  const Outcome outcome(std::string("why"));
  CHECK_FALSE(outcome);
  CHECK(outcome.error() == "why");
  CHECK_THROWS_AS(static_cast<void>(outcome.value()), std::bad_variant_access);
}

}  // namespace
}  // namespace fleetsign::crypto
