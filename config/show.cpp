// SPDX-License-Identifier: Apache-2.0
#include "config/show.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include "config/yaml.h"

namespace fleetsign::config {
namespace {

using Kind = Value::Kind;

/// Whether YAML takes it for itself without quotation marks, also within brackets.
bool is_plain(std::string_view text) {
  constexpr std::string_view kFirst = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._";
  const std::string others = std::string(kFirst) + "+-:$@";
  return !text.empty() && kFirst.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(others) == std::string_view::npos && !text.ends_with(':') && text != "null" &&
         text != "Null" && text != "NULL";
}

std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string in_yaml(std::string_view text) {
  return is_plain(text) ? std::string(text) : quoted(text);
}

/// In one line.
std::string in_yaml(const Value& value) {
  std::string text;
  const auto add = [&](const std::string& part) { text.append(text.empty() ? "" : ", ").append(part); };
  switch (value.kind) {
    case Kind::nothing:
      return "";
    case Kind::text:
      return in_yaml(std::string_view(value.text));
    case Kind::list:
      for (const Value& item : value.items) add(in_yaml(item));
      return "[" + text + "]";
    case Kind::map:
      for (const auto& [name, member] : value.members) add(in_yaml(std::string_view(name)) + ": " + in_yaml(member));
      return "{" + text + "}";
  }
  return "";
}

std::optional<Value> fallback_of(const Key& key) {
  if (key.fallback.empty()) return std::nullopt;
  auto parsed = parse_yaml(std::string(key.fallback));
  auto* value = std::get_if<Value>(&parsed);
  return value == nullptr ? std::nullopt : std::optional(std::move(*value));
}

}  // namespace

std::vector<Shown> show(const Loaded& loaded) {
  std::vector<Shown> all;
  for (const Key& key : keys()) {
    const auto set = loaded.settings.find(key.name);
    if (set == loaded.settings.end()) {
      all.push_back({.key = &key, .value = fallback_of(key), .origin = "default"});
      continue;
    }
    const auto origin = loaded.origins.find(set->first);
    all.push_back({.key = &key,
                   .value = set->second.value,
                   .origin = origin == loaded.origins.end() ? set->second.source : origin->second});
  }
  return all;
}

std::string to_yaml(const std::vector<Shown>& all, bool with_unset) {
  constexpr std::size_t kColumn = 50;
  std::string text;
  std::string_view group;
  for (const auto& [key, value, origin] : all) {
    if (!value && !with_unset) continue;
    const std::size_t dot = key->name.find('.');
    const std::string_view own = dot == std::string_view::npos ? "" : key->name.substr(0, dot);
    if (std::exchange(group, own) != own && !own.empty()) text.append(own).append(":\n");
    std::string line(own.empty() ? "" : "  ");
    line.append(value ? "" : "#").append(key->name.substr(dot + 1)).append(":");
    if (value && value->kind != Kind::nothing) line.append(" ").append(in_yaml(*value));
    line.append(std::max(kColumn, line.size() + 2) - line.size(), ' ');
    text.append(line).append("# ").append(value ? origin : "not set").append("\n");
  }
  return text;
}

}  // namespace fleetsign::config
