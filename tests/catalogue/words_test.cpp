// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/words.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {
namespace {

using Words = std::vector<std::string>;

/// The body, or why there is none.
std::string body_of(const Command* row, const Words& words) {
  const auto body = body_from_words(row, words);
  return body ? body->dump() : body.error().message;
}
std::string body_of(std::string_view name, const Words& words) {
  return body_of(&command(name), words);
}

}  // namespace

TEST_CASE("words: a value has the type of its parameter") {
  CHECK(body_of("set_charge_limit", {"percent=80"}) == R"({"percent":80})");
  CHECK(body_of("set_temps", {"driver_temp=21.5", "passenger_temp=-1e1"}) ==
        R"({"driver_temp":21.5,"passenger_temp":-10.0})");
  CHECK(body_of("set_sentry_mode", {"on=true"}) == R"({"on":true})");
  CHECK(body_of("speed_limit_activate", {"pin=1234"}) == R"({"pin":"1234"})");
  CHECK(body_of("set_vehicle_name", {"vehicle_name=a=b c"}) == R"({"vehicle_name":"a=b c"})");
  CHECK(body_of("honk_horn", {}) == "{}");
}

TEST_CASE("words: a name of one of few values stays a name, and what is no value is for the row to refuse") {
  CHECK(body_of("remote_seat_heater_request", {"seat_position=front_left", "level=3"}) ==
        R"({"seat_position":"front_left","level":3})");
  CHECK(body_of("set_charge_limit", {"percent=lots"}) == R"({"percent":"lots"})");
  CHECK(body_of("set_charge_limit", {"percent="}) == R"({"percent":""})");
  CHECK(body_of("set_charge_limit", {"percent=true"}) == R"({"percent":"true"})");
  CHECK(body_of("set_sentry_mode", {"on=1"}) == R"({"on":"1"})");
}

TEST_CASE("words: an alias is a name, too") {
  CHECK(body_of("set_charge_limit", {"soc_limit=70"}) == R"({"soc_limit":70})");
}

TEST_CASE("words: := takes JSON as it is") {
  CHECK(body_of("set_charge_limit", {"percent:=\"80\""}) == R"({"percent":"80"})");
  CHECK(body_of("share", {"value:={\"a\": [1]}", "type=x"}) == R"({"value":{"a":[1]},"type":"x"})");
  CHECK(body_of("share", {"value:={"}) == "parameter value: what follows := is not JSON");
}

TEST_CASE("words: of a command that is not signed here every name is taken, as a string") {
  CHECK(body_of("share", {"n=1", "b=true"}) == R"({"n":"1","b":"true"})");
  CHECK(body_of(nullptr, {"n=1", "m:=1"}) == R"({"n":"1","m":1})");
}

TEST_CASE("words: of an experimental command the names matter where it is signed") {
  const Command& wheel = command("remote_steering_wheel_heat_level_request");
  CHECK(body_of(&wheel, {"level=3", "x=1"}) == R"({"level":3,"x":"1"})");
  const auto refused = body_from_words(&wheel, Words{"levle=3"}, kSurroundings);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message ==
        "remote_steering_wheel_heat_level_request has no parameter levle, did you mean level");
  CHECK(how_to_write(&wheel, kSurroundings) == "for example remote_steering_wheel_heat_level_request level=0");
}

TEST_CASE("words: an unknown parameter is refused with what was probably meant") {
  CHECK(body_of("set_charge_limit", {"precent=80"}) ==
        "set_charge_limit has no parameter precent, did you mean percent");
  CHECK(body_of("set_charge_limit", {"x=80"}) == "set_charge_limit has no parameter x");
  CHECK(body_from_words(&command("set_charge_limit"), Words{"x=80"}).error().hint ==
        "for example set_charge_limit percent=80");
  CHECK(how_to_write(nullptr) == "write name=value, or name:=JSON");
  CHECK(body_from_words(&command("honk_horn"), Words{"x=80"}).error().hint == "honk_horn takes no parameters");
}

TEST_CASE("words: what is no parameter and its value is refused by its place, as it may be a PIN") {
  for (const auto* word : {"9753", "=9753", ":=9753", ""}) {
    CHECK(body_of("speed_limit_activate", {word}) == "word 1 after the command is not a parameter and its value");
    CHECK(body_of(nullptr, {"n=1", word}) == "word 2 after the command is not a parameter and its value");
  }
}

TEST_CASE("words: what cannot be a member of a body is refused") {
  CHECK(body_of("set_vehicle_name", {"vehicle_name=caf\xC3\xA9"}) == "{\"vehicle_name\":\"caf\xC3\xA9\"}");
  CHECK(body_of("set_vehicle_name", {"vehicle_name=caf\xE9"}) == "a parameter is not UTF-8");
  CHECK(body_of("set_charge_limit", {"percent=1", "percent=2"}) == "parameter percent is given twice");
  CHECK(body_of("share", {"a=" + std::string(kMaxBody, '[')}) == "a parameter is too long");
}

TEST_CASE("words: private values are masked for people") {
  CHECK(with_private_masked(command("speed_limit_activate"), {{"pin", "1234"}}).dump() == R"({"pin":"***"})");
  CHECK(with_private_masked(command("trigger_homelink"), {{"lat", 1}, {"long", 2}, {"token", "x"}, {"y", 3}}).dump() ==
        R"({"lat":"***","long":"***","token":"***","y":3})");
}

}  // namespace fleetsign::catalogue
