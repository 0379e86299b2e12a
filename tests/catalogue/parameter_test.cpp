// SPDX-License-Identifier: Apache-2.0
// The dialects of parameters that commands.json does not show, and what is said when a value is refused.
#include <doctest/doctest.h>

#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {

using protocol::Kind;

TEST_CASE("parameter: a refusal says which parameter, which value and what is wrong, and shows what is right") {
  const auto failure = failure_of("set_charge_limit", R"({"percent": 50.5})");
  CHECK(failure.kind == Kind::bad_parameter);
  CHECK(failure.message == "parameter percent: 50.5 is not a whole number");
  CHECK(failure.hint == R"(for example {"percent": 80})");
}

TEST_CASE("parameter: one that is missing is described") {
  CHECK(message_of("set_charge_limit", "") == "parameter percent is missing (State of charge to stop at, 0 to 100)");
  CHECK(message_of("actuate_trunk", "{}") == "parameter which_trunk is missing (Which trunk, front, rear)");
}

TEST_CASE("parameter: whole numbers are taken when exact, and refused when not") {
  for (const char* value : {"7", "7.0", "7e0", "0.7e1", "\"7\"", "\"7.0\"", "\" 7 \""}) {
    CHECK(sent("set_charge_limit", R"({"percent": )" + std::string(value) + "}").ok());
  }
  const auto refused = [](const std::string& value) {
    return message_of("set_charging_amps", R"({"charging_amps": )" + value + "}");
  };
  CHECK(refused("null") == "parameter charging_amps: null is not a whole number");
  CHECK(refused("true") == "parameter charging_amps: true is not a whole number");
  CHECK(refused(R"("")") == R"(parameter charging_amps: "" is not a whole number)");
  CHECK(refused(R"("16A")") == R"(parameter charging_amps: "16A" is not a whole number)");
  CHECK(refused(R"("0x10")") == R"(parameter charging_amps: "0x10" is not a whole number)");
  CHECK(refused(R"("16\u00007")") == R"(parameter charging_amps: "16\u00007" is not a whole number)");
  CHECK(refused(R"("NaN")") == R"(parameter charging_amps: "NaN" is not a whole number)");
  CHECK(refused(R"({"a": 1})") == "parameter charging_amps: an object is not a whole number");
  CHECK(refused("[16]") == "parameter charging_amps: an array is not a whole number");
  CHECK(refused("2147483648") == "parameter charging_amps: 2147483648 is not between 0 and 2147483647");
  CHECK(refused("-1") == "parameter charging_amps: -1 is not between 0 and 2147483647");
  CHECK(refused("18446744073709551616") == "parameter charging_amps: 1.8446744073709552e+19 is too large");
  CHECK(refused("9007199254740993.0") == "parameter charging_amps: 9.007199254740992e+15 is too large");
}

TEST_CASE("parameter: an id may have all of 64 bits, but not one that JSON has rounded") {
  CHECK(sent("remove_charge_schedule", R"({"id": 18446744073709551615})").ok());
  CHECK(message_of("remove_charge_schedule", R"({"id": 18446744073709551616})") ==
        "parameter id: 1.8446744073709552e+19 is too large");
  CHECK(message_of("remove_charge_schedule", R"({"id": 0})") ==
        "parameter id: 0 is not between 1 and 18446744073709551615");
  CHECK(message_of("add_charge_schedule",
                   R"({"lat": 1, "lon": 1, "days_of_week": "ALL", "start_enabled": true, "end_enabled": false,
                       "enabled": true, "id": -5})") == "parameter id: -5 is not between 0 and 18446744073709551615");
}

TEST_CASE("parameter: numbers are taken in strings, and refused when they overflow") {
  CHECK(sent("set_temps", R"({"driver_temp": "-5.25"})").ok());
  CHECK(message_of("set_temps", R"({"driver_temp": 1e39})") == "parameter driver_temp: 1e+39 is too large");
  CHECK(message_of("set_temps", R"({"driver_temp": "1e999"})") == R"(parameter driver_temp: "1e999" is not a number)");
  CHECK(message_of("set_temps", R"({"driver_temp": "inf"})") == R"(parameter driver_temp: "inf" is not a number)");
  CHECK(sent("speed_limit_set_limit", R"({"limit_mph": 1e39})").ok());
  CHECK(message_of("adjust_volume", R"({"volume": 11.01})") == "parameter volume: 11.01 is not between 0 and 11");
  CHECK(message_of("adjust_volume", R"({"volume": -0.1})") == "parameter volume: -0.1 is not between 0 and 11");
}

TEST_CASE("parameter: flags are taken as words and as 0 and 1") {
  for (const char* value : {"true", "1", "1.0", R"("true")", R"("True")", R"("1")", "false", "0", R"("FALSE")"}) {
    CHECK(sent("set_sentry_mode", R"({"on": )" + std::string(value) + "}").ok());
  }
  CHECK(message_of("set_sentry_mode", R"({"on": 2})") == "parameter on: 2 is neither true nor false");
  CHECK(message_of("set_sentry_mode", R"({"on": "on"})") == R"(parameter on: "on" is neither true nor false)");
  CHECK(message_of("set_preconditioning_max", R"({"on": 3})") == "parameter on: 3 is neither true nor false");
  CHECK(message_of("set_preconditioning_max", R"({"on": true, "manual_override": 2})") ==
        "parameter manual_override: 2 is neither true nor false");
}

TEST_CASE("parameter: a choice is taken by number or name, and lists what there is") {
  CHECK(message_of("remote_seat_cooler_request", R"({"seat_position": 0, "seat_cooler_level": 1})") ==
        "parameter seat_position: 0 is none of: 1 front_left, 2 front_right");
  CHECK(message_of("remote_seat_cooler_request", R"({"seat_position": 1, "seat_cooler_level": 4})") ==
        "parameter seat_cooler_level: 4 is none of: 0 off, 1 low, 2 medium, 3 high");
  CHECK(message_of("remote_seat_heater_request", R"({"seat_position": 9, "level": 1})")
            .starts_with("parameter seat_position: 9 is none of: 0 front_left, 1 front_right, "));
  CHECK(message_of("set_cop_temp", R"({"cop_temp": 32})") ==
        "parameter cop_temp: 32 is none of: 0 low, 1 medium, 2 high");
  CHECK(message_of("set_cop_temp", R"({"cop_temp": false})") ==
        "parameter cop_temp: false is none of: 0 low, 1 medium, 2 high");
}

TEST_CASE("parameter: a trunk that is not named exactly opens nothing") {
  for (const char* value : {"0", "1", "5", "6", "true", "null", "[]", "{}", R"("")", R"("Front")", R"("REAR")",
                            R"("rear ")", R"("trunk")", R"("frunk")", R"(["rear"])"}) {
    CHECK(failure_of("actuate_trunk", R"({"which_trunk": )" + std::string(value) + "}").kind == Kind::bad_parameter);
  }
  CHECK(failure_of("actuate_trunk", "").kind == Kind::bad_parameter);
  CHECK(failure_of("actuate_trunk", R"({"Which_Trunk": "front"})").kind == Kind::bad_parameter);
}

TEST_CASE("parameter: words of Fleet API are taken exactly") {
  CHECK(message_of("window_control", R"({"command": "open"})") ==
        R"(parameter command: "open" is none of: vent, close)");
  CHECK(message_of("parental_controls_enable_setting", R"({"setting": "curfew", "enable": true})")
            .starts_with(R"(parameter setting: "curfew" is none of: SpeedLimit, Acceleration, SafetyFeatures, )"));
  CHECK(message_of("parental_controls_enable_setting", R"({"setting": 3, "enable": true})")
            .starts_with("parameter setting: 3 is none of: SpeedLimit, "));
}

TEST_CASE("parameter: days that are not days are refused") {
  for (const char* days : {"", "MON,", ",MON", "MON,,TUE", "MON TUE", "MONDY", "1", "M"}) {
    CHECK(message_of("add_precondition_schedule", R"({"lat": 1, "lon": 1, "precondition_time": 5, "enabled": true,
                                                      "days_of_week": ")" +
                                                      std::string(days) + R"("})")
              .starts_with("parameter days_of_week: \"" + std::string(days) + "\" is not a comma list of days"));
  }
}

TEST_CASE("parameter: PINs of four digits are just that") {
  for (const char* code : {R"("")", R"("123")", R"("12345")", R"("12 4")", R"("12a4")", "1234", "null", R"("١٢٣٤")"}) {
    const std::string body = R"({"on": true, "password": )" + std::string(code) + "}";
    CHECK(failure_of("set_valet_mode", body).kind == Kind::bad_parameter);
    CHECK(failure_of("parental_controls_activate", R"({"pin": )" + std::string(code) + "}").kind ==
          Kind::bad_parameter);
  }
  CHECK(message_of("set_valet_mode", R"({"on": true})") ==
        "parameter password: four digits are needed to turn valet mode on");
  CHECK(message_of("parental_controls_clear_pin", R"({"pin": "12345"})") ==
        "parameter pin: the value is not four digits");
  CHECK(message_of("speed_limit_activate", R"({"pin": ""})") == "parameter pin: the value is empty");
}

TEST_CASE("parameter: a name and its alias must agree") {
  CHECK(sent("set_charge_limit", R"({"percent": 50, "soc_limit": 50.0})").ok());
  CHECK(message_of("set_charge_limit", R"({"percent": 50, "soc_limit": 60})") ==
        "parameter percent: given as percent and as soc_limit, with two values");
  CHECK(message_of("trigger_homelink", R"({"lat": 1, "lon": 2, "long": 3})") ==
        "parameter lon: given as lon and as long, with two values");
}

TEST_CASE("parameter: what depends on several parameters is refused by one of them") {
  CHECK(message_of("set_temps", "") == "parameter driver_temp: driver_temp or passenger_temp is needed");
  CHECK(message_of("set_temps", R"({"driver_temp": 20, "passenger_temp": null})") ==
        "parameter passenger_temp: null is not a number");
  CHECK(message_of("batch_remove_charge_schedules", R"({"home": false})") ==
        "parameter home: home, work or other must be true");
  CHECK(message_of("batch_remove_precondition_schedules", "") == "parameter home: home, work or other must be true");
  CHECK(message_of("sun_roof_control", "") == "parameter state: either state or level is needed");
  CHECK(message_of("sun_roof_control", R"({"state": "vent", "level": 5})") ==
        "parameter level: it is given together with state, but only one can be meant");
  CHECK(message_of("set_scheduled_departure", R"({"enable": true, "departure_time": 1441})") ==
        "parameter departure_time: it is not between 0 and 1440");
  CHECK(message_of("set_scheduled_departure", R"({"enable": true, "end_off_peak_time": -1})") ==
        "parameter end_off_peak_time: it is not between 0 and 1440");
  CHECK(message_of("set_scheduled_charging", R"({"enable": true, "time": 1441})") ==
        "parameter time: 1441 is not between 0 and 1440");
}

TEST_CASE("parameter: an echo is short, printable and on one line") {
  const std::string message = message_of("window_control", R"({"command": ")" + std::string(500, 'x') + R"("})");
  CHECK(message.size() < 120);
  CHECK(message.find("xxx...") != std::string::npos);
  CHECK(message_of("window_control", "{\"command\": \"a\\n\\u001b[31m\\u202e\\u00e9\"}") ==
        R"(parameter command: "a\n\u001b[31m\u202e\u00e9" is none of: vent, close)");
}

}  // namespace fleetsign::catalogue
