// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/document.h"

#include <algorithm>

#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/groups.h"

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

/// Whether the row says what the command takes; else that is between the client and Fleet API.
bool is_described(const Command& command) {
  return command.route != Route::forward || command.experimental;
}

std::string parameter_cell(const Command& command) {
  if (!is_described(command)) return "any";
  std::string cell;
  for (const Parameter& parameter : command.parameters) {
    const std::string values = accepted_values(parameter);
    if (!cell.empty()) cell += "; ";
    cell += "`" + std::string(parameter.name) + "`" + (parameter.required ? "" : "?") + ": ";
    cell += values.empty() ? std::string(parameter.type) : values;
  }
  return cell;
}

std::string group_cell(const Command& command) {
  std::string cell;
  for (const std::string_view group : groups_of(command)) cell.append(cell.empty() ? "" : ", ").append(group);
  return cell;
}

std::string recipient_cell(const Command& command) {
  const std::string domain(protocol::to_string(command.domain));
  if (command.experimental) return "Fleet API; experimental: " + domain;
  return command.route == Route::sign ? domain : "Fleet API";
}

std::string_view repeat_cell(const Command& command) {
  return is_described(command) ? to_string(command.repeat) : "";
}

constexpr std::size_t kNameWidth = 36;

/// At least one space before what follows.
std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

/// A group and its commands, broken between names.
std::string group_lines(const Group& group) {
  constexpr std::size_t kWidth = 100;
  const std::string indent(6, ' ');
  std::string lines = padded("  " + std::string(group.name), kNameWidth) + std::string(group.summary);
  std::size_t column = kWidth;
  for (const std::string_view name : group.commands) {
    const bool fits = column + 1 + name.size() <= kWidth;
    lines.append(fits ? " " : "\n" + indent).append(name);
    column = (fits ? column + 1 : indent.size()) + name.size();
  }
  return lines + '\n';
}

std::string parameter_line(const Parameter& parameter) {
  const std::string name = "      " + std::string(parameter.name) + (parameter.required ? "" : "?");
  const std::string values = accepted_values(parameter);
  return padded(name, kNameWidth) + std::string(parameter.summary) + ": " +
         (values.empty() ? std::string(parameter.type) : values);
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
             {"groups", groups_of(command)},
             {"route", to_string(command.route)}};
  if (command.experimental) about["experimental"] = true;
  if (command.encoder) about["domain"] = protocol::to_string(command.domain);
  if (!is_described(command)) return about;
  about["repeat"] = to_string(command.repeat);
  about["parameters"] = Json::array();
  for (const Parameter& parameter : command.parameters) about["parameters"].push_back(describe(parameter));
  about["example"] = example_body(command);
  return about;
}

}  // namespace

std::string markdown_table() {
  std::string table =
      "| command | parameters | what it does | groups | goes to | repeat |\n|---|---|---|---|---|---|\n";
  for (const Command& command : commands()) {
    table += "| `" + std::string(command.name) + "` | " + parameter_cell(command) + " | " +
             std::string(command.summary) + " | " + group_cell(command) + " | " + std::string(recipient_cell(command)) +
             " | " + std::string(repeat_cell(command)) + " |\n";
  }
  return table;
}

std::string markdown_table_of_groups() {
  std::string table = "| group | what | commands |\n|---|---|---|\n";
  for (const Group& group : groups()) {
    std::string names;
    for (const std::string_view name : group.commands) {
      names.append(names.empty() ? "`" : ", `").append(name).append("`");
    }
    table += "| `" + std::string(group.name) + "` | " + std::string(group.summary) + " | " + names + " |\n";
  }
  return table;
}

std::string plain_table() {
  std::string table;
  std::string_view subject;
  for (const Command& command : commands()) {
    if (command.subject != subject) {
      table += (table.empty() ? "" : "\n") + std::string(command.subject) + '\n';
      subject = command.subject;
    }
    table += padded("  " + std::string(command.name), kNameWidth) + std::string(command.summary) + '\n';
    for (const Parameter& parameter : command.parameters) table += parameter_line(parameter) + '\n';
  }
  table += "\ngroups, for `allow` and `confirm`\n";
  for (const Group& group : groups()) table += group_lines(group);
  return table;
}

nlohmann::ordered_json describe() {
  Json all = Json::array();
  for (const Command& command : commands()) all.push_back(describe(command));
  return {{"commands", std::move(all)}};
}

}  // namespace fleetsign::catalogue
