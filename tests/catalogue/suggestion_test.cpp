// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {

TEST_CASE("suggestion: a slip is recognised, another word is not") {
  CHECK(suggestion("set_chargelimit") == "set_charge_limit");
  CHECK(suggestion("door_unlok") == "door_unlock");
  CHECK(suggestion("dor_lock") == "door_lock");
  CHECK(suggestion("honkhorn") == "honk_horn");
  CHECK_FALSE(suggestion("").has_value());
  CHECK_FALSE(suggestion("x").has_value());
  CHECK_FALSE(suggestion("fly_to_the_moon").has_value());
  CHECK_FALSE(suggestion(std::string(100'000, 'a')).has_value());
}

TEST_CASE("suggestion: an unknown command is answered with what was probably meant") {
  const auto failure = unknown_command("set_chargelimit");
  CHECK(failure.kind == protocol::Kind::unknown_command);
  CHECK(failure.message == "unknown command set_chargelimit, did you mean set_charge_limit");
  CHECK(unknown_command("fly_to_the_moon").message == "unknown command fly_to_the_moon");
}

TEST_CASE("suggestion: a name that is no name is shown short and printable") {
  CHECK(unknown_command("a\nb\"c").message == "unknown command a?b?c");
  CHECK(unknown_command(std::string(1000, 'x')).message == "unknown command " + std::string(48, 'x') + "...");
}

}  // namespace fleetsign::catalogue
