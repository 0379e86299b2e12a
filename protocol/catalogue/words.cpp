// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/words.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/catalogue/echo.h"
#include "protocol/catalogue/text_form.h"

namespace fleetsign::catalogue {
namespace {

using Json = nlohmann::ordered_json;
using protocol::Failure;
using protocol::Kind;

struct Word {
  std::string name;
  std::string value;
  bool is_json = false;
};

/// JSON is UTF-8: anything else does not survive being written.
bool is_utf8(const std::string& text) {
  return Json::parse(Json(text).dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::ignore)) == text;
}

std::optional<Word> split(const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos) return std::nullopt;
  const bool is_json = equals > 0 && word[equals - 1] == ':';
  std::string name = word.substr(0, is_json ? equals - 1 : equals);
  if (name.empty()) return std::nullopt;
  return Word{.name = std::move(name), .value = word.substr(equals + 1), .is_json = is_json};
}

bool has_name(const Parameter& parameter, std::string_view name) {
  return parameter.name == name || std::ranges::find(parameter.aliases, name) != parameter.aliases.end();
}

const Parameter* find_parameter(const Command& command, std::string_view name) {
  const auto found =
      std::ranges::find_if(command.parameters, [&](const Parameter& parameter) { return has_name(parameter, name); });
  return found == command.parameters.end() ? nullptr : &*found;
}

/// A text that is no such value stays one: the row may have a name for it, and else refuses it in its own words.
Json typed(const Parameter* parameter, const std::string& value) {
  if (parameter == nullptr || parameter->type == "string") return value;
  const auto parsed = Json::parse(value, nullptr, /*allow_exceptions=*/false);
  const bool fits = parameter->type == "boolean" ? parsed.is_boolean() : parsed.is_number();
  return fits ? parsed : Json(value);
}

Failure bad_word(std::string message, std::string hint = {}) {
  return {.kind = Kind::bad_parameter, .message = std::move(message), .hint = std::move(hint)};
}

/// What such a command takes is between the caller and Fleet API.
bool takes_any(const Command* command, const Surroundings& surroundings) {
  return command == nullptr || route_of(*command, surroundings) == Route::forward;
}

std::string unknown_parameter(const Command& command, std::string_view name) {
  std::string message = std::string(command.name) + " has no parameter " + echo_name(name);
  if (const auto meant = parameter_suggestion(command, name)) message += ", did you mean " + std::string(*meant);
  return message;
}

}  // namespace

std::string how_to_write(const Command* command, const Surroundings& surroundings) {
  if (takes_any(command, surroundings)) return "write name=value, or name:=JSON";
  const Json example = example_body(*command);
  std::string words;
  for (const auto& [name, value] : example.items()) {
    words += " " + name + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  if (words.empty()) return std::string(command->name) + " takes no parameters";
  return "for example " + std::string(command->name) + words;
}

protocol::Result<Json> body_from_words(const Command* command, std::span<const std::string> words,
                                       const Surroundings& surroundings) {
  Json body = Json::object();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& text = words[i];
    // Deep JSON would be a deep recursion when it is written.
    if (text.size() > kMaxBody) return bad_word("a parameter is too long");
    if (!is_utf8(text)) return bad_word("a parameter is not UTF-8");
    const auto word = split(text);
    if (!word) {
      // Somebody may have typed just the value, a PIN: it is not shown.
      return bad_word("word " + std::to_string(i + 1) + " after the command is not a parameter and its value",
                      how_to_write(command, surroundings));
    }
    const auto* parameter = command != nullptr ? find_parameter(*command, word->name) : nullptr;
    if (parameter == nullptr && !takes_any(command, surroundings)) {
      return bad_word(unknown_parameter(*command, word->name), how_to_write(command, surroundings));
    }
    if (body.contains(word->name)) return bad_word("parameter " + echo_name(word->name) + " is given twice");
    Json value =
        word->is_json ? Json::parse(word->value, nullptr, /*allow_exceptions=*/false) : typed(parameter, word->value);
    if (value.is_discarded()) return bad_word("parameter " + echo_name(word->name) + ": what follows := is not JSON");
    body[word->name] = std::move(value);
  }
  return body;
}

Json with_private_masked(const Command& command, Json body) {
  for (const auto& [name, value] : body.items()) {
    const auto* parameter = find_parameter(command, name);
    if (parameter != nullptr && parameter->private_value) value = kMask;
  }
  return body;
}

}  // namespace fleetsign::catalogue
