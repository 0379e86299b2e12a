// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/catalogue.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {

using nlohmann::json;

TEST_CASE("catalogue: names are unique, and sorted within their subject") {
  std::set<std::string_view> names;
  std::set<std::string_view> subjects;
  std::string_view subject;
  std::string_view previous;
  for (const Command& command : commands()) {
    CAPTURE(std::string(command.name));
    CHECK(names.insert(command.name).second);
    if (command.subject != subject) {
      CHECK(subjects.insert(command.subject).second);
      subject = command.subject;
      previous = {};
    }
    CHECK(previous < command.name);
    previous = command.name;
  }
  CHECK(names.size() == 89);
}

TEST_CASE("catalogue: every row says what it does and what it takes") {
  for (const Command& command : commands()) {
    CAPTURE(std::string(command.name));
    CHECK_FALSE(command.summary.empty());
    CHECK_FALSE(command.subject.empty());
    CHECK((command.encoder != nullptr) == (command.route == Route::sign || command.experimental));
    std::set<std::string_view> names;
    for (const Parameter& parameter : command.parameters) {
      CAPTURE(std::string(parameter.name));
      CHECK_FALSE(parameter.summary.empty());
      CHECK_FALSE(parameter.example.is_null());
      CHECK(std::set<std::string_view>{"boolean", "integer", "number", "string"}.contains(parameter.type));
      CHECK((!parameter.required || parameter.in_example));
      CHECK(names.insert(parameter.name).second);
      for (const std::string_view alias : parameter.aliases) CHECK(names.insert(alias).second);
    }
  }
}

TEST_CASE("catalogue: a command is found by its exact name only") {
  REQUIRE(find("door_lock") != nullptr);
  CHECK(find("door_lock")->name == "door_lock");
  CHECK(find("Door_Lock") == nullptr);
  CHECK(find("door_lock ") == nullptr);
  CHECK(find("") == nullptr);
}

TEST_CASE("catalogue: what is not signed becomes no payload") {
  for (const char* name : {"navigation_request", "wake_up"}) {
    const auto encoded = encode(command(name), json::object(), kSurroundings);
    REQUIRE(encoded.ok());
    CHECK_FALSE(encoded->has_value());
  }
  CHECK(command("share").route == Route::forward);
  CHECK(command("wake_up").route == Route::wake);
}

TEST_CASE("catalogue: an experimental command is forwarded, and signed where that is asked for") {
  const json sound{{"sound", 0}};
  const Command& boombox = command("remote_boombox");
  CHECK(route_of(boombox, {}) == Route::forward);
  CHECK_FALSE(encode(boombox, sound, {})->has_value());
  CHECK_FALSE(encode(boombox, {{"sound", "any"}}, {})->has_value());
  CHECK(route_of(boombox, {.sign_experimental = true}) == Route::sign);
  CHECK(encode(boombox, sound, {.sign_experimental = true})->has_value());
  CHECK_FALSE(encode(boombox, {{"sound", "any"}}, {.sign_experimental = true}).ok());
}

TEST_CASE("catalogue: asking for experimental commands changes no other one") {
  for (const Command& command : commands()) {
    if (!command.experimental) CHECK(route_of(command, {.sign_experimental = true}) == command.route);
  }
}

TEST_CASE("catalogue: an address in Fleet API's own form stays with Fleet API") {
  const auto encoded = sent("navigation_request", R"({"type": "share_ext_content_raw", "locale": "de",
      "timestamp_ms": "1750000000000", "value": {"android.intent.extra.TEXT": "Berlin"}})");
  REQUIRE(encoded.ok());
  CHECK_FALSE(encoded->has_value());
}

TEST_CASE("catalogue: an example reads as people write it, parameters in their order") {
  CHECK(example_text(command("set_charge_limit")) == R"({"percent": 80})");
  CHECK(example_text(command("set_valet_mode")) == R"({"on": true, "password": "1234"})");
  CHECK(example_text(command("door_lock")) == "{}");
}

TEST_CASE("catalogue: logs get the names of parameters, the command's own and no values") {
  using Names = std::vector<std::string>;
  CHECK(names_of_given(command("set_charge_limit"), {{"soc_limit", 80}, {"x\ny", 1}}) == Names{"percent"});
  CHECK(names_of_given(command("set_valet_mode"), {{"password", "1"}, {"on", true}}) == Names{"on", "password"});
  CHECK(names_of_given(command("set_valet_mode"), json::object()).empty());
}

TEST_CASE("catalogue: what a parameter accepts is told in words") {
  const auto accepted = [](std::string_view name, std::size_t position) {
    return accepted_values(command(name).parameters.at(position));
  };
  CHECK(accepted("set_charge_limit", 0) == "0 to 100");
  CHECK(accepted("set_charging_amps", 0) == "0 or more amperes");
  CHECK(accepted("set_temps", 0) == "degrees Celsius");
  CHECK(accepted("actuate_trunk", 0) == "front, rear");
  CHECK(accepted("remote_seat_cooler_request", 0) == "1 front_left, 2 front_right");
  CHECK(accepted("set_sentry_mode", 0).empty());
  CHECK(accepted_values({.name = "x", .maximum = 2.5}) == "up to 2.5");
}

}  // namespace fleetsign::catalogue
