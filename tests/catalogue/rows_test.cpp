// SPDX-License-Identifier: Apache-2.0
// Every row, as the table has it: a row that is added is tested by being there.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <set>
#include <vector>

#include "crypto/bytes.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {
namespace {

using nlohmann::json;
using protocol::Domain;
using protocol::Failure;
using protocol::Kind;
using protocol::Payload;
using protocol::Refusal;
using protocol::Repeat;

json known_answers() {
  std::ifstream file(FLEETSIGN_SOURCE_DIR "/tests/vectors/commands.json");
  REQUIRE(file);
  return json::parse(file);
}

std::vector<const Command*> signed_rows() {
  std::vector<const Command*> rows;
  for (const Command& command : commands()) {
    if (command.route == Route::sign) rows.push_back(&command);
  }
  return rows;
}

json example_of(const Command& command) {
  return json::parse(example_body(command).dump());
}

template <class Message>
Message parse(const Payload& payload) {
  Message message;
  REQUIRE(message.ParseFromArray(payload.bytes.data(), static_cast<int>(payload.bytes.size())));
  CHECK(message.SerializeAsString() == crypto::as_text(payload.bytes));
  CHECK(message.GetReflection()->GetUnknownFields(message).empty());
  return message;
}

/// The name of what is set in a payload, a field of VehicleAction or UnsignedMessage; empty when nothing is.
std::string action_in(const Payload& payload) {
  if (payload.domain == Domain::vehicle_security) {
    const auto message = parse<VCSEC::UnsignedMessage>(payload);
    const auto* field =
        message.GetReflection()->GetOneofFieldDescriptor(message, message.GetDescriptor()->oneof_decl(0));
    return field != nullptr ? field->name() : "";
  }
  const auto action = parse<CarServer::Action>(payload).vehicleaction();
  const auto* field = action.GetReflection()->GetOneofFieldDescriptor(action, action.GetDescriptor()->oneof_decl(0));
  return field != nullptr ? field->name() : "";
}

/// Values that no parameter of this type takes.
std::vector<json> wrong_values(const Parameter& parameter) {
  std::vector<json> wrong{nullptr, json::object(), json::array(), json::array({parameter.example})};
  const auto add = [&](std::initializer_list<json> more) { wrong.insert(wrong.end(), more); };
  if (parameter.type == "boolean") add({5, -1, 0.5, "yes", "", "1x"});
  if (parameter.type == "integer") add({true, 0.5, "", "x", "0x1", "1 2", 1e300, -1e300, "NaN", -2147483649});
  if (parameter.type == "number") add({false, "", "x", "inf", "nan", "1e309", "1,5"});
  if (parameter.type == "string") add({true, 7, 1.5});
  if (!parameter.enumerators.empty()) add({"nothing like it", 99, -1, ""});
  if (parameter.minimum) add({*parameter.minimum - 1});
  if (parameter.maximum) add({*parameter.maximum + 1});
  return wrong;
}

void check_refused(const Command& command, const json& arguments, const Parameter& parameter) {
  const auto encoded = encode(command, arguments, kSurroundings);
  REQUIRE_FALSE(encoded.ok());
  CHECK(encoded.error().kind == Kind::bad_parameter);
  CHECK(encoded.error().message.starts_with("parameter " + std::string(parameter.name)));
  CHECK(encoded.error().hint == "for example " + example_text(command));
}

}  // namespace

TEST_CASE("rows: known bodies become known bytes") {
  const json answers = known_answers();
  const Surroundings surroundings{.unix_now = answers.at("unix_now").get<std::int64_t>()};
  for (const json& answer : answers.at("vectors")) {
    CAPTURE(answer.dump());
    const Command& row = command(answer.at("command").get<std::string>());
    if (answer.contains("forward")) {
      if (row.route == Route::forward) continue;
      const auto encoded = sent(row.name, answer.at("body").get<std::string>());
      REQUIRE(encoded.ok());
      CHECK_FALSE(encoded->has_value());
      continue;
    }
    const auto arguments = parse_body(row, answer.at("body").get<std::string>());
    REQUIRE(arguments.ok());
    const auto encoded = encode(row, *arguments, surroundings);
    REQUIRE(encoded.ok());
    REQUIRE(encoded->has_value());
    const Payload& payload = **encoded;
    CHECK(crypto::to_hex(payload.bytes) == answer.at("payload").get<std::string>());
    CHECK(protocol::to_string(payload.domain) == answer.at("domain").get<std::string>());
    CHECK((payload.repeat == Repeat::safe ? "safe" : "once") == answer.at("repeat").get<std::string>());
    CHECK((payload.refusal == Refusal::is_final ? "is_final" : "already_off_is_success") ==
          answer.at("refusal").get<std::string>());
    CHECK(payload.domain == row.domain);
    CHECK_FALSE(action_in(payload).empty());
  }
}

TEST_CASE("rows: each one that is signed has a known answer") {
  const json answers = known_answers();
  std::set<std::string> known;
  for (const json& answer : answers.at("vectors")) known.insert(answer.at("command").get<std::string>());
  for (const Command& command : commands()) {
    if (command.route == Route::wake) continue;
    CHECK_MESSAGE(known.contains(std::string(command.name)), std::string(command.name));
  }
}

TEST_CASE("rows: the example of each one becomes a payload, the same one each time") {
  for (const Command* command : signed_rows()) {
    CAPTURE(std::string(command->name));
    const auto parsed = parse_body(*command, example_text(*command));
    REQUIRE(parsed.ok());
    CHECK(*parsed == example_of(*command));
    const auto first = encode(*command, *parsed, kSurroundings);
    const auto second = encode(*command, *parsed, kSurroundings);
    REQUIRE(first.ok());
    REQUIRE(first->has_value());
    CHECK((*first)->bytes == (*second)->bytes);
    CHECK_FALSE(action_in(**first).empty());
  }
}

TEST_CASE("rows: the example of each parameter is accepted") {
  for (const Command* command : signed_rows()) {
    for (const Parameter& parameter : command->parameters) {
      CAPTURE(std::string(command->name));
      CAPTURE(std::string(parameter.name));
      json arguments = example_of(*command);
      arguments[std::string(parameter.name)] = parameter.example;
      if (command->name == "sun_roof_control" && parameter.name == "level") arguments.erase("state");
      CHECK(encode(*command, arguments, kSurroundings).ok());
    }
  }
}

TEST_CASE("rows: a required parameter that is missing is refused by its name") {
  for (const Command* command : signed_rows()) {
    for (const Parameter& parameter : command->parameters) {
      if (!parameter.required) continue;
      CAPTURE(std::string(command->name));
      json arguments = example_of(*command);
      arguments.erase(std::string(parameter.name));
      check_refused(*command, arguments, parameter);
    }
  }
}

TEST_CASE("rows: a value that a parameter cannot have is refused by its name") {
  for (const Command* command : signed_rows()) {
    for (const Parameter& parameter : command->parameters) {
      for (const json& value : wrong_values(parameter)) {
        CAPTURE(std::string(command->name));
        CAPTURE(value.dump());
        json arguments = example_of(*command);
        arguments[std::string(parameter.name)] = value;
        check_refused(*command, arguments, parameter);
      }
    }
  }
}

TEST_CASE("rows: a wrong value under an alias is refused as well") {
  for (const Command* command : signed_rows()) {
    for (const Parameter& parameter : command->parameters) {
      for (const std::string_view alias : parameter.aliases) {
        CAPTURE(std::string(command->name));
        json arguments = example_of(*command);
        arguments.erase(std::string(parameter.name));
        arguments[std::string(alias)] = nullptr;
        check_refused(*command, arguments, parameter);
      }
    }
  }
}

TEST_CASE("rows: members that a command does not know change nothing") {
  for (const Command* command : signed_rows()) {
    CAPTURE(std::string(command->name));
    json arguments = example_of(*command);
    const auto plain = encode(*command, arguments, kSurroundings);
    arguments["fleetsign_does_not_know_this"] = json::array({1, nullptr});
    const auto extended = encode(*command, arguments, kSurroundings);
    REQUIRE(plain.ok());
    REQUIRE(extended.ok());
    CHECK((*plain)->bytes == (*extended)->bytes);
  }
}

TEST_CASE("rows: the value of a private parameter appears in no message") {
  int checked = 0;
  for (const Command* command : signed_rows()) {
    for (const Parameter& parameter : command->parameters) {
      if (!parameter.private_value) continue;
      for (const json& value : {json("s3cr3t"), json(87654321), json(876.54321)}) {
        json arguments = example_of(*command);
        arguments[std::string(parameter.name)] = value;
        const auto encoded = encode(*command, arguments, kSurroundings);
        if (encoded) continue;
        ++checked;
        const std::string shown = encoded.error().message + encoded.error().hint;
        CHECK(shown.find("s3cr3t") == std::string::npos);
        CHECK(shown.find("876") == std::string::npos);
      }
    }
  }
  CHECK(checked > 30);
}

TEST_CASE("rows: PINs, passwords, tokens and places are private") {
  for (const Command& command : commands()) {
    for (const Parameter& parameter : command.parameters) {
      const std::set<std::string_view> named{"pin", "password", "token", "lat", "lon"};
      CHECK_MESSAGE(parameter.private_value == named.contains(parameter.name), std::string(parameter.name));
    }
  }
}

TEST_CASE("rows: every action of the vehicle has a row, or a reason why not") {
  const std::map<std::string, std::string> left_out{
      {"getVehicleData", "reads; GET …/vehicle_data answers that"},
      {"getNearbyChargingSites", "reads; GET …/nearby_charging_sites answers that"},
  };
  std::set<std::string> used;
  for (const Command* command : signed_rows()) {
    const auto encoded = encode(*command, example_of(*command), kSurroundings);
    REQUIRE(encoded.ok());
    used.insert(action_in(**encoded));
  }
  const auto& all = *CarServer::VehicleAction::descriptor();
  CHECK(all.field_count() == 60);
  for (int i = 0; i < all.field_count(); ++i) {
    const std::string& name = all.field(i)->name();
    CHECK_MESSAGE(used.contains(name) != left_out.contains(name), name);
  }
}

}  // namespace fleetsign::catalogue
