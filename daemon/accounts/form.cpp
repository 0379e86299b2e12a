// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/form.h"

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

}  // namespace fleetsign::accounts
