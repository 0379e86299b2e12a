// SPDX-License-Identifier: Apache-2.0
#include "simulator/form.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "crypto/bytes.h"

namespace fleetsign::simulator {
namespace {

std::string decoded(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    const auto byte = text.starts_with('%') && text.size() > 2 ? crypto::parse_hex(text.substr(1, 2)) : std::nullopt;
    const char plain = text.front() == '+' ? ' ' : text.front();
    decoded += byte ? static_cast<char>(byte->front()) : plain;
    text.remove_prefix(byte ? 3 : 1);
  }
  return decoded;
}

/// RFC 3986 section 2.3.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

std::string encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      const std::array byte{static_cast<std::uint8_t>(c)};
      encoded += '%' + crypto::to_hex(byte);
    }
  }
  return encoded;
}

}  // namespace

std::string form_value(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const auto end = std::min(form.find('&'), form.size());
    const auto field = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    if (field.size() > name.size() && field.starts_with(name) && field[name.size()] == '=') {
      return decoded(field.substr(name.size() + 1));
    }
  }
  return {};
}

bool is_web_uri(std::string_view uri) {
  const bool is_web = uri.starts_with("https://") || uri.starts_with("http://");
  return is_web && std::all_of(uri.begin(), uri.end(), [](char c) { return c > ' ' && c <= '~' && c != '#'; });
}

std::string with_field(std::string uri, std::string_view name, std::string_view value) {
  uri += uri.find('?') == std::string::npos ? '?' : '&';
  return std::move(uri) + std::string(name) + '=' + encoded(value);
}

}  // namespace fleetsign::simulator
