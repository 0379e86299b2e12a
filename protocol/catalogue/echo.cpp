// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/echo.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

namespace fleetsign::catalogue {
namespace {

constexpr std::size_t kMaxEcho = 48;

std::string shortened(std::string text) {
  if (text.size() > kMaxEcho) text.replace(kMaxEcho, std::string::npos, "...");
  return text;
}

bool belongs_into_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

}  // namespace

std::string echo_name(std::string_view name) {
  std::string text(name.substr(0, kMaxEcho + 1));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !belongs_into_name(c); }, '?');
  return shortened(std::move(text));
}

std::string echo_value(const nlohmann::json& value) {
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  return shortened(value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

}  // namespace fleetsign::catalogue
