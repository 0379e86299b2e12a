// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/openapi.h"

#include <nlohmann/json.hpp>
#include <string>

namespace fleetsign::catalogue {
namespace {

using Json = nlohmann::ordered_json;

void add_sentence(std::string& text, const std::string& sentence) {
  text += (text.empty() ? "" : " ") + sentence;
}

std::string description_of(const Parameter& parameter) {
  std::string text = std::string(parameter.summary) + '.';
  if (const auto values = accepted_values(parameter); !values.empty()) add_sentence(text, "Takes: " + values + '.');
  for (const std::string_view alias : parameter.aliases) {
    add_sentence(text, "Also accepted as `" + std::string(alias) + "`.");
  }
  return text;
}

/// The numbers and all the names of a choice, in the order of the row.
Json values_of(const Parameter& parameter) {
  Json values = Json::array();
  for (const auto& [number, names] : parameter.enumerators) {
    if (number) values.push_back(*number);
    for (const std::string_view name : names) values.push_back(name);
  }
  return values;
}

Json schema_of(const Parameter& parameter) {
  Json schema;
  const bool is_numbered = !parameter.enumerators.empty() && parameter.type == "integer";
  schema["type"] = is_numbered ? Json{"integer", "string"} : Json(parameter.type);
  schema["description"] = description_of(parameter);
  if (!parameter.enumerators.empty()) schema["enum"] = values_of(parameter);
  if (parameter.minimum) schema["minimum"] = *parameter.minimum;
  if (parameter.maximum) schema["maximum"] = *parameter.maximum;
  if (parameter.private_value) schema["writeOnly"] = true;
  schema["examples"] = Json::array({parameter.example});
  return schema;
}

Json body_schema(const Command& command) {
  Json schema{{"type", "object"}};
  Json required = Json::array();
  for (const Parameter& parameter : command.parameters) {
    schema["properties"][std::string(parameter.name)] = schema_of(parameter);
    if (parameter.required) required.push_back(parameter.name);
  }
  // A body that is passed on is between the client and Fleet API, whatever it looks like.
  if (command.route == Route::sign && !required.empty()) schema["required"] = std::move(required);
  return schema;
}

std::string description_of(const Command& command) {
  std::string text;
  if (command.route == Route::sign) text = "Signed, for " + std::string(protocol::to_string(command.domain)) + '.';
  if (command.route == Route::forward) text = "Passed on to Fleet API, the body untouched.";
  if (command.route == Route::wake) text = "Asks Fleet API to wake it, and answers when it is online.";
  if (command.experimental) {
    add_sentence(text,
                 "Signed instead, with the parameters below, where the configuration lists it under "
                 "`experimental_commands`: the message is not one that Tesla has published.");
  }
  if (command.route != Route::forward || command.experimental) {
    add_sentence(text, command.repeat == protocol::Repeat::safe ? "A repeat changes nothing."
                                                                : "A repeat acts again: do not repeat it on doubt.");
  }
  return text;
}

}  // namespace

Json openapi_operation(const Command& command) {
  Json content{{"schema", body_schema(command)}};
  const Json example = example_body(command);
  if (!example.empty()) content["example"] = example;
  return {{"operationId", command.name},
          {"summary", command.summary},
          {"description", description_of(command)},
          {"tags", Json::array({command.subject})},
          {"requestBody",
           {{"required", command.route == Route::sign && content["schema"].contains("required")},
            {"content", {{"application/json", std::move(content)}}}}}};
}

}  // namespace fleetsign::catalogue
