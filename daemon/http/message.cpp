// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/message.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fleetsign::http {
namespace {

// Not std::tolower: names are ASCII, whatever the locale.
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::set(std::string_view name, std::string value) {
  std::string kept_name(name);  // `name` may refer to a field that is about to go
  remove(kept_name);
  add(std::move(kept_name), std::move(value));
}

void Headers::remove(std::string_view name) {
  const std::string kept_name(name);
  std::erase_if(fields_, [&](const Header& field) { return equal_ignoring_case(field.name, kept_name); });
}

const std::string* Headers::find(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const Header& field) { return equal_ignoring_case(field.name, name); });
  return found == fields_.end() ? nullptr : &found->value;
}

std::size_t Headers::count(std::string_view name) const {
  const auto n = std::count_if(fields_.begin(), fields_.end(),
                               [&](const Header& field) { return equal_ignoring_case(field.name, name); });
  return static_cast<std::size_t>(n);
}

std::optional<std::uint64_t> content_length(const Headers& headers) {
  const std::string* const text = headers.find("Content-Length");
  if (text == nullptr) return std::nullopt;
  std::uint64_t length = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, fault] = std::from_chars(text->data(), end, length);
  return fault == std::errc() && stop == end ? std::optional(length) : std::nullopt;
}

}  // namespace fleetsign::http
