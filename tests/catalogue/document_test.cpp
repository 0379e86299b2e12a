// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/document.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "protocol/catalogue/groups.h"
#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {
namespace {

nlohmann::ordered_json described(std::string_view name) {
  const auto all = describe();
  for (const auto& about : all.at("commands")) {
    if (about.at("name") == name) return about;
  }
  FAIL("not described: " << std::string(name));
  return {};
}

}  // namespace

TEST_CASE("document: the table has a line for each command") {
  const std::string table = markdown_table();
  CHECK(std::count(table.begin(), table.end(), '\n') == static_cast<std::ptrdiff_t>(commands().size()) + 2);
  CHECK(table.starts_with(
      "| command | parameters | what it does | groups | goes to | repeat |\n|---|---|---|---|---|---|\n"));
  const auto has = [&](const char* line) { return table.find(line) != std::string::npos; };
  CHECK(has("| `set_charge_limit` | `percent`: 0 to 100 | Set the charge limit | charging | infotainment | safe |\n"));
  CHECK(
      has("| `actuate_trunk` | `which_trunk`: front, rear | Open the front trunk; open or close the rear one | "
          "closures, unlock, sensitive | vehicle_security | once |\n"));
  CHECK(has("| `set_cabin_overheat_protection` | `on`: boolean; `fan_only`?: boolean | "));
  CHECK(
      has("| `take_drivenote` | `note`: string | Record a drive note | vehicle | Fleet API; experimental: infotainment "
          "| once |\n"));
  CHECK(has("| `share` | any | Send a place or a link to the vehicle | navigation | Fleet API |  |\n"));
  CHECK(has("| `wake_up` |  | Ask Fleet API to wake the vehicle | vehicle, wake | Fleet API | safe |\n"));
}

TEST_CASE("document: the table of groups has a line for each group, with its commands") {
  const std::string table = markdown_table_of_groups();
  CHECK(std::count(table.begin(), table.end(), '\n') == static_cast<std::ptrdiff_t>(groups().size()) + 2);
  CHECK(table.starts_with("| group | what | commands |\n|---|---|---|\n"));
  CHECK(table.find("| `alerts` | What is seen or heard outside, and changes nothing | `flash_lights`, `honk_horn`, "
                   "`remote_boombox` |\n") != std::string::npos);
}

TEST_CASE("document: a terminal gets a line for each command and one for each of its parameters") {
  const std::string table = plain_table();
  const auto has = [&](const char* lines) { return table.find(lines) != std::string::npos; };
  CHECK(table.starts_with("security\n  auto_secure_vehicle               Close and lock the vehicle\n"));
  CHECK(
      has("\n\nclosures\n  actuate_trunk                     Open the front trunk; open or close the rear one\n"
          "      which_trunk                   Which trunk: front, rear\n"));
  CHECK(
      has("  set_valet_mode                    Turn valet mode on or off\n"
          "      on                            On or off: boolean\n"
          "      password?                     Four digits, needed to turn it on: string\n"));
  for (const Command& command : commands()) CHECK(has(("\n  " + std::string(command.name) + ' ').c_str()));
}

TEST_CASE("document: a terminal gets the groups and their commands, within 100 columns") {
  const std::string table = plain_table();
  CHECK(table.ends_with(
      "\n  sensitive                         Getting in, starting, erasing, every PIN and limit of who drives\n"
      "      clear_pin_to_drive_admin door_unlock erase_user_data guest_mode remote_start_drive\n"
      "      reset_pin_to_drive_pin reset_valet_pin set_pin_to_drive set_valet_mode actuate_trunk\n"
      "      open_tonneau sun_roof_control trigger_homelink window_control parental_controls_activate\n"
      "      parental_controls_clear_pin parental_controls_clear_pin_admin parental_controls_deactivate\n"
      "      parental_controls_enable_setting parental_controls_set_speed_limit speed_limit_activate\n"
      "      speed_limit_clear_pin speed_limit_clear_pin_admin speed_limit_deactivate speed_limit_set_limit\n"));
}

TEST_CASE("document: a program gets all that a row says, in a fixed order") {
  CHECK(
      described("set_charge_limit").dump() ==
      R"({"name":"set_charge_limit","summary":"Set the charge limit","subject":"charging","groups":["charging"],"route":"sign",)"
      R"("domain":"infotainment","repeat":"safe","parameters":[{"name":"percent",)"
      R"("summary":"State of charge to stop at","type":"integer","aliases":["soc_limit"],"minimum":0,"maximum":100,)"
      R"("required":true,"private":false,"example":80}],"example":{"percent":80}})");
  CHECK(described("actuate_trunk").at("parameters").at(0).at("values").dump() ==
        R"([{"names":["front"]},{"names":["rear"]}])");
  CHECK(described("remote_seat_cooler_request").at("parameters").at(0).at("values").dump() ==
        R"([{"number":1,"names":["front_left"]},{"number":2,"names":["front_right"]}])");
  CHECK(described("set_valet_mode").at("parameters").at(1).at("private") == true);
  CHECK(described("adjust_volume").at("parameters").at(0).at("maximum") == 11);
  CHECK(
      described("wake_up").dump() ==
      R"({"name":"wake_up","summary":"Ask Fleet API to wake the vehicle","subject":"vehicle","groups":["vehicle","wake"],)"
      R"("route":"wake","repeat":"safe","parameters":[],"example":{}})");
  CHECK(
      described("remote_boombox").dump() ==
      R"({"name":"remote_boombox","summary":"Play a sound outside","subject":"experimental","groups":["alerts"],"route":"forward",)"
      R"("experimental":true,"domain":"infotainment","repeat":"once","parameters":[{"name":"sound",)"
      R"("summary":"Which sound: 0 a random one, 2000 to be found","type":"integer","minimum":0,"required":true,)"
      R"("private":false,"example":0}],"example":{"sound":0}})");
  CHECK(
      described("share").dump() ==
      R"({"name":"share","summary":"Send a place or a link to the vehicle","subject":"forwarded","groups":["navigation"],"route":"forward"})");
}

}  // namespace fleetsign::catalogue
