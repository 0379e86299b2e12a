// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/catalogue.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "protocol/catalogue/rows.h"

namespace fleetsign::catalogue {
namespace {

std::vector<Command> all_rows() {
  using Rows = std::vector<Command> (*)();
  constexpr std::array<std::pair<std::string_view, Rows>, 10> kSubjects{{
      {"security", security_rows},
      {"closures", closure_rows},
      {"charging", charging_rows},
      {"schedules", schedule_rows},
      {"climate", climate_rows},
      {"media", media_rows},
      {"limits", limit_rows},
      {"vehicle", vehicle_rows},
      {"experimental", experimental_rows},
      {"forwarded", forwarded_rows},
  }};
  std::vector<Command> all;
  for (const auto& [subject, rows] : kSubjects) {
    for (Command& command : rows()) {
      command.subject = subject;
      all.push_back(std::move(command));
    }
  }
  return all;
}

std::string number_text(double number) {
  std::ostringstream text;
  text << number;
  return std::move(text).str();
}

}  // namespace

std::string accepted_values(const Parameter& parameter) {
  std::string text;
  for (const auto& [number, names] : parameter.enumerators) {
    if (!text.empty()) text += ", ";
    if (number) text += std::to_string(*number) + " ";
    text += names.front();
  }
  if (parameter.minimum) text += number_text(*parameter.minimum) + (parameter.maximum ? " to " : " or more");
  if (parameter.maximum) text += (parameter.minimum ? "" : "up to ") + number_text(*parameter.maximum);
  if (!parameter.unit.empty()) text += (text.empty() ? "" : " ") + std::string(parameter.unit);
  return text;
}

std::span<const Command> commands() {
  static const std::vector<Command> all = all_rows();
  return all;
}

const Command* find(std::string_view name) {
  const auto all = commands();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Command& c) { return c.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Route route_of(const Command& command, const Surroundings& surroundings) {
  return command.experimental && surroundings.sign_experimental ? Route::sign : command.route;
}

Encoded encode(const Command& command, const nlohmann::json& arguments, const Surroundings& surroundings) {
  if (route_of(command, surroundings) != Route::sign) return std::optional<protocol::Payload>();
  auto encoded = command.encoder(arguments, surroundings);
  if (encoded) return encoded;
  auto failure = std::move(encoded).error();
  failure.hint = "for example " + example_text(command);
  return failure;
}

nlohmann::ordered_json example_body(const Command& command) {
  auto body = nlohmann::ordered_json::object();
  for (const Parameter& parameter : command.parameters) {
    if (parameter.in_example) body[std::string(parameter.name)] = parameter.example;
  }
  return body;
}

std::string example_text(const Command& command) {
  const auto body = example_body(command);
  std::string text;
  for (const auto& [name, value] : body.items()) {
    text += (text.empty() ? "\"" : ", \"") + name + "\": " + value.dump();
  }
  return "{" + text + "}";
}

std::vector<std::string> names_of_given(const Command& command, const nlohmann::json& arguments) {
  std::vector<std::string> names;
  for (const Parameter& parameter : command.parameters) {
    const auto given = [&](std::string_view name) { return arguments.contains(name); };
    if (given(parameter.name) || std::any_of(parameter.aliases.begin(), parameter.aliases.end(), given)) {
      names.emplace_back(parameter.name);
    }
  }
  return names;
}

}  // namespace fleetsign::catalogue
