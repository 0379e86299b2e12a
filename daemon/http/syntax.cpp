// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/syntax.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fleetsign::http {
namespace {

enum Alphabet : std::uint8_t { kToken = 1, kValue = 2, kTarget = 4, kAuthority = 8, kHex = 16 };

constexpr void allow(std::array<std::uint8_t, 256>& table, std::string_view characters, std::uint8_t alphabets) {
  for (const char c : characters) table[static_cast<std::uint8_t>(c)] |= alphabets;
}

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0x21; c < 0x7f; ++c) table[c] |= kValue | kTarget;
  for (unsigned c = 0x80; c < 0x100; ++c) table[c] |= kValue;  // obs-text
  allow(table, " \t", kValue);
  table['#'] &= static_cast<std::uint8_t>(~kTarget);
  for (unsigned c = '0'; c <= '9'; ++c) table[c] |= kToken | kAuthority | kHex;
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] |= kToken | kAuthority;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] |= kToken | kAuthority;
  allow(table, "abcdefABCDEF", kHex);
  allow(table, "!#$%&'*+-.^_`|~", kToken);
  allow(table, "-._~%!$&'()*+;=:[]", kAuthority);  // RFC 3986 but for the comma, which joins repeated fields
  return table;
}

constexpr std::array<std::uint8_t, 256> kTable = make_table();

bool has(char c, std::uint8_t alphabet) {
  return (kTable[static_cast<std::uint8_t>(c)] & alphabet) != 0;
}

bool all_of(std::string_view text, std::uint8_t alphabet) {
  return std::all_of(text.begin(), text.end(), [alphabet](char c) { return has(c, alphabet); });
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && all_of(text, kToken);
}

bool is_field_value(std::string_view text) {
  return all_of(text, kValue);
}

bool is_target(std::string_view text) {
  if (text.empty() || !all_of(text, kTarget)) return false;
  for (auto at = text.find('%'); at != text.npos; at = text.find('%', at + 1)) {
    const std::string_view digits = text.substr(at + 1, 2);
    if (digits.size() != 2 || !all_of(digits, kHex)) return false;
  }
  return true;
}

bool is_authority(std::string_view text) {
  return !text.empty() && all_of(text, kAuthority);
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool split_field(std::string_view line, std::string_view& name, std::string_view& value) {
  const auto colon = line.find(':');
  if (colon == line.npos) return false;
  name = line.substr(0, colon);
  value = trim(line.substr(colon + 1));
  return is_token(name) && is_field_value(value);
}

}  // namespace fleetsign::http
