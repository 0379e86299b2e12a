// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "config/keys.h"

namespace fleetsign::config {
namespace {

constexpr std::string_view kPreamble =
    "# Configuration of fleetsign. Each key is shown as a comment with its default, or with an example where it has "
    "none.\n"
    "# Environment variables (FLEETSIGN_LOG_LEVEL for log.level) win over this file, flags (--log.level) over both.\n"
    "# `fleetsign reload` applies changes of the keys that say so; those of others need a restart.\n";

std::string_view group_of(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot == std::string_view::npos ? "" : name.substr(0, dot);
}

std::string_view name_in_group(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

/// The text as comment lines, broken between words.
std::string comment(const std::string& indent, std::string_view text) {
  constexpr std::size_t kWidth = 100;
  std::string lines;
  std::string line = indent + "#";
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (line.size() + 1 + word.size() > kWidth) lines += std::exchange(line, indent + "#") + "\n";
    line.append(" ").append(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return lines + line + "\n";
}

std::string commented_key(const Key& key) {
  const std::string indent = group_of(key.name).empty() ? "" : "  ";
  const bool has_default = !key.fallback.empty();
  std::string about = describe(key);
  about.append(" (").append(key.type).append(has_default ? "" : ", no default");
  about.append(key.reload == Reload::applied ? ", applied by a reload)" : ")");
  std::string text = comment(indent, about);
  text.append(indent).append("#").append(name_in_group(key.name)).append(": ");
  return text.append(has_default ? key.fallback : key.example).append("\n");
}

/// A table's cell: a bar would end it, even within code.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped.append(c == '|' ? "\\|" : std::string(1, c));
  return escaped;
}

std::string code(std::string_view text) {
  return text.empty() ? "" : "`" + cell(text) + "`";
}

}  // namespace

std::string example_yaml() {
  std::string text(kPreamble);
  std::string_view group;
  for (const Key& key : keys()) {
    text += "\n";
    if (group_of(key.name) != std::exchange(group, group_of(key.name)) && !group.empty()) {
      text.append(group).append(":\n");
    }
    text += commented_key(key);
  }
  return text;
}

std::string markdown_table() {
  std::string text = "| key | type | default | changed by | meaning |\n|---|---|---|---|---|\n";
  for (const Key& key : keys()) {
    text += "| " + code(key.name) + " | " + cell(key.type) + " | " + code(key.fallback) + " | " +
            (key.reload == Reload::applied ? "reload" : "restart") + " | " + cell(describe(key)) + " |\n";
  }
  return text;
}

}  // namespace fleetsign::config
