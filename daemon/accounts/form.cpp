// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/form.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace fleetsign::accounts {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append(std::string& form, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unreserved(c)) {
      form += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    form += '%';
    form += kDigits[byte >> 4U];
    form += kDigits[byte & 0xFU];
  }
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const auto digits = text.substr(i, 3).substr(std::min<std::size_t>(1, text.size() - i));
    const bool is_encoded = text[i] == '%' && digits.size() == 2 &&
                            std::from_chars(digits.data(), digits.data() + 2, byte, 16).ptr == digits.data() + 2;
    result += is_encoded ? static_cast<char>(byte) : text[i] == '+' ? ' ' : text[i];
    if (is_encoded) i += 2;
  }
  return result;
}

}  // namespace

std::string form_of(std::initializer_list<FormField> fields) {
  std::string form;
  for (const FormField& field : fields) {
    if (field.value.empty()) continue;
    if (!form.empty()) form += '&';
    append(form, field.name);
    form += '=';
    append(form, field.value);
  }
  return form;
}

std::optional<std::string> find_field(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    const auto field = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(form.size(), field.size() + 1));
    const auto equals = field.find('=');
    if (field.substr(0, equals) != name) continue;
    return equals == std::string_view::npos ? std::string() : decoded(field.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace fleetsign::accounts
