// SPDX-License-Identifier: Apache-2.0
// Every row, as the table has it: a row that is added is tested by being there.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <vector>

#include "crypto/bytes.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/experimental.pb.h"
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
    if (command.encoder) rows.push_back(&command);
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

/// What a row's payload holds for the vehicle: a VehicleAction or an UnsignedMessage.
std::unique_ptr<google::protobuf::Message> content_of(const Command& command, const Payload& payload) {
  if (payload.domain == Domain::vehicle_security) {
    return std::make_unique<VCSEC::UnsignedMessage>(parse<VCSEC::UnsignedMessage>(payload));
  }
  if (command.experimental) {
    return std::make_unique<Experimental::VehicleAction>(parse<Experimental::Action>(payload).vehicle_action());
  }
  return std::make_unique<CarServer::VehicleAction>(parse<CarServer::Action>(payload).vehicleaction());
}

/// The name of what is set in it; empty when nothing is.
std::string action_in(const Command& command, const Payload& payload) {
  const auto message = content_of(command, payload);
  const auto* field =
      message->GetReflection()->GetOneofFieldDescriptor(*message, message->GetDescriptor()->oneof_decl(0));
  return field != nullptr ? field->name() : "";
}

/// Every string, number and true in a message, at any depth.
void collect_values(const google::protobuf::Message& message, std::vector<json>& values) {
  const auto& reflection = *message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    using Type = google::protobuf::FieldDescriptor;
    switch (field->cpp_type()) {
      case Type::CPPTYPE_MESSAGE:
        if (!field->is_repeated()) collect_values(reflection.GetMessage(message, field), values);
        for (int i = 0; field->is_repeated() && i < reflection.FieldSize(message, field); ++i) {
          collect_values(reflection.GetRepeatedMessage(message, field, i), values);
        }
        break;
      case Type::CPPTYPE_STRING:
        values.emplace_back(reflection.GetString(message, field));
        break;
      case Type::CPPTYPE_BOOL:
        values.emplace_back(reflection.GetBool(message, field));
        break;
      case Type::CPPTYPE_INT32:
        values.emplace_back(reflection.GetInt32(message, field));
        break;
      case Type::CPPTYPE_INT64:
        values.emplace_back(reflection.GetInt64(message, field));
        break;
      case Type::CPPTYPE_UINT32:
        values.emplace_back(reflection.GetUInt32(message, field));
        break;
      case Type::CPPTYPE_UINT64:
        values.emplace_back(reflection.GetUInt64(message, field));
        break;
      case Type::CPPTYPE_FLOAT:
        values.emplace_back(reflection.GetFloat(message, field));
        break;
      case Type::CPPTYPE_DOUBLE:
        values.emplace_back(reflection.GetDouble(message, field));
        break;
      default:
        break;
    }
  }
}

/// Whether a field that is not set says the same: proto3 leaves out what is zero, false or empty.
bool is_default(const json& value) {
  return value == 0 || value == false || value == "";
}

bool is_same(const json& field, const json& value) {
  if (!field.is_number_float()) return field == value;
  return value.is_number() && field.get<float>() == value.get<float>();
}

std::string name_of_choice(const Parameter& parameter) {
  for (const auto& [number, names] : parameter.enumerators) {
    if (number && parameter.example == *number) return std::string(names.front());
  }
  return {};
}

/// Values that no parameter of this type takes.
std::vector<json> wrong_values(const Parameter& parameter) {
  std::vector<json> wrong{nullptr, json::object(), json::array(), json::array({parameter.example})};
  const auto add = [&](std::initializer_list<json> more) { wrong.insert(wrong.end(), more); };
  if (parameter.type == "boolean") add({5, -1, 0.5, "yes", "", "1x"});
  if (parameter.type == "integer") add({true, 50.5, "50.5", "", "x", "0x1", "1 2", 1e300, -1e300, "NaN", -2147483649});
  if (parameter.type == "integer" && parameter.name != "id") add({2147483648, "2147483648"});
  if (parameter.type == "number") add({false, "", "x", "inf", "nan", "1e309", "1,5"});
  if (parameter.type == "string") add({true, 7, 1.5});
  if (!parameter.enumerators.empty()) add({"nothing like it", 99, -1, ""});
  if (parameter.minimum) add({*parameter.minimum - 1});
  if (parameter.maximum) add({*parameter.maximum + 1});
  return wrong;
}

/// The parameter's example as other clients write it.
std::vector<json> dialects_of(const Parameter& parameter) {
  const json& example = parameter.example;
  if (example == true) return {1, 1.0, "true", "True", "1"};
  if (example == false) return {0, 0.0, "false", "FALSE", "0"};
  if (!example.is_number()) return {example};
  const std::string digits = example.dump();
  std::vector<json> same{example.get<double>(), digits, " " + digits + " "};
  if (!parameter.enumerators.empty()) same.emplace_back(name_of_choice(parameter));
  return same;
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
    const auto encoded = encode(
        row, *arguments,
        {.unix_now = answers.at("unix_now").get<std::int64_t>(), .sign_experimental = answer.contains("experimental")});
    REQUIRE(encoded.ok());
    REQUIRE(encoded->has_value());
    const Payload& payload = **encoded;
    CHECK(crypto::to_hex(payload.bytes) == answer.at("payload").get<std::string>());
    CHECK(protocol::to_string(payload.domain) == answer.at("domain").get<std::string>());
    CHECK((payload.repeat == Repeat::safe ? "safe" : "once") == answer.at("repeat").get<std::string>());
    CHECK((payload.refusal == Refusal::is_final ? "is_final" : "already_off_is_success") ==
          answer.at("refusal").get<std::string>());
    CHECK(payload.domain == row.domain);
    CHECK_FALSE(action_in(row, payload).empty());
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
    CHECK_FALSE(action_in(*command, **first).empty());
  }
}

TEST_CASE("rows: the bytes of each example hold its values") {
  for (const Command* command : signed_rows()) {
    const json example = example_of(*command);
    const auto encoded = encode(*command, example, kSurroundings);
    REQUIRE(encoded.ok());
    std::vector<json> values;
    collect_values(*content_of(*command, **encoded), values);
    for (const Parameter& parameter : command->parameters) {
      // A choice or a list of days becomes something else: known bodies show what.
      if (!parameter.in_example || !parameter.enumerators.empty() || parameter.name == "days_of_week") continue;
      CAPTURE(std::string(command->name));
      CAPTURE(std::string(parameter.name));
      const json& wanted = example.at(std::string(parameter.name));
      CHECK((is_default(wanted) ||
             std::any_of(values.begin(), values.end(), [&](const json& value) { return is_same(value, wanted); })));
    }
  }
}

TEST_CASE("rows: a value in any dialect that clients speak becomes the same bytes") {
  for (const Command* command : signed_rows()) {
    for (const Parameter& parameter : command->parameters) {
      json arguments = example_of(*command);
      if (!parameter.in_example) continue;
      const auto plain = encode(*command, arguments, kSurroundings);
      for (const json& value : dialects_of(parameter)) {
        CAPTURE(std::string(command->name));
        CAPTURE(value.dump());
        arguments[std::string(parameter.name)] = value;
        const auto encoded = encode(*command, arguments, kSurroundings);
        REQUIRE(encoded.ok());
        CHECK((*encoded)->bytes == (*plain)->bytes);
      }
    }
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

TEST_CASE("rows: PINs, passwords, tokens, places and notes are private") {
  for (const Command& command : commands()) {
    for (const Parameter& parameter : command.parameters) {
      const std::set<std::string_view> named{"pin",         "password",  "token", "lat",          "lon",
                                             "destination", "waypoints", "note",  "calendar_data"};
      CHECK_MESSAGE(parameter.private_value == named.contains(parameter.name), std::string(parameter.name));
    }
  }
}

TEST_CASE("rows: every unpublished action has a row, and a number that no published one has") {
  std::set<std::string> used;
  for (const Command* command : signed_rows()) {
    const auto encoded = encode(*command, example_of(*command), kSurroundings);
    REQUIRE(encoded.ok());
    used.insert(action_in(*command, **encoded));
  }
  const auto& unpublished = *Experimental::VehicleAction::descriptor();
  const auto& all = *CarServer::VehicleAction::descriptor();
  for (int i = 0; i < unpublished.field_count(); ++i) {
    CHECK_MESSAGE(used.contains(unpublished.field(i)->name()), unpublished.field(i)->name());
    CHECK(all.FindFieldByNumber(unpublished.field(i)->number()) == nullptr);
  }
}

}  // namespace fleetsign::catalogue
