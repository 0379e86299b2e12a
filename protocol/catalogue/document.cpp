// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/document.h"

#include "protocol/catalogue/catalogue.h"

namespace fleetsign::catalogue {
namespace {

using Json = nlohmann::ordered_json;

std::string_view to_string(Route route) {
  switch (route) {
    case Route::sign:
      return "sign";
    case Route::forward:
      return "forward";
    case Route::wake:
      break;
  }
  return "wake";
}

std::string parameter_cell(const Command& command) {
  if (command.route == Route::forward) return "any";
  std::string cell;
  for (const Parameter& parameter : command.parameters) {
    const std::string values = accepted_values(parameter);
    if (!cell.empty()) cell += "; ";
    cell += "`" + std::string(parameter.name) + "`" + (parameter.required ? "" : "?") + ": ";
    cell += values.empty() ? std::string(parameter.type) : values;
  }
  return cell;
}

std::string_view recipient_cell(const Command& command) {
  return command.route == Route::sign ? protocol::to_string(command.domain) : "Fleet API";
}

std::string_view repeat_cell(const Command& command) {
  return command.route == Route::forward ? "" : to_string(command.repeat);
}

Json describe(const Parameter& parameter) {
  Json about{{"name", parameter.name}, {"summary", parameter.summary}, {"type", parameter.type}};
  const auto bound = [&](double value) {
    return parameter.type == "integer" ? Json(static_cast<std::int64_t>(value)) : Json(value);
  };
  if (!parameter.aliases.empty()) about["aliases"] = parameter.aliases;
  if (!parameter.unit.empty()) about["unit"] = parameter.unit;
  if (parameter.minimum) about["minimum"] = bound(*parameter.minimum);
  if (parameter.maximum) about["maximum"] = bound(*parameter.maximum);
  for (const auto& [number, names] : parameter.enumerators) {
    Json value = Json::object();
    if (number) value["number"] = *number;
    value["names"] = names;
    about["values"].push_back(std::move(value));
  }
  about["required"] = parameter.required;
  about["private"] = parameter.private_value;
  about["example"] = parameter.example;
  return about;
}

Json describe(const Command& command) {
  Json about{{"name", command.name},
             {"summary", command.summary},
             {"subject", command.subject},
             {"route", to_string(command.route)}};
  if (command.route == Route::sign) about["domain"] = protocol::to_string(command.domain);
  if (command.route != Route::forward) about["repeat"] = to_string(command.repeat);
  if (command.route == Route::forward) return about;  // what it takes is between the client and Fleet API
  about["parameters"] = Json::array();
  for (const Parameter& parameter : command.parameters) about["parameters"].push_back(describe(parameter));
  about["example"] = example_body(command);
  return about;
}

}  // namespace

std::string markdown_table() {
  std::string table = "| command | parameters | what it does | goes to | repeat |\n|---|---|---|---|---|\n";
  for (const Command& command : commands()) {
    table += "| `" + std::string(command.name) + "` | " + parameter_cell(command) + " | " +
             std::string(command.summary) + " | " + std::string(recipient_cell(command)) + " | " +
             std::string(repeat_cell(command)) + " |\n";
  }
  return table;
}

nlohmann::ordered_json describe() {
  Json all = Json::array();
  for (const Command& command : commands()) all.push_back(describe(command));
  return {{"commands", std::move(all)}};
}

}  // namespace fleetsign::catalogue
