// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/go_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace fleetsign::cli {
namespace {

constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};

struct Unit {
  std::string_view name;
  double milliseconds;
};
// With the sign for "micro" in both of its code points.
constexpr Unit kUnits[] = {{"ns", 1e-6}, {"us", 1e-3}, {"\u00b5s", 1e-3}, {"\u03bcs", 1e-3},
                           {"ms", 1},    {"s", 1e3},   {"m", 6e4},        {"h", 3.6e6}};
constexpr double kLongest = 100 * 366 * 24 * 3.6e6;

/// The number and the unit at the start of the text, which are taken off it.
std::optional<double> take_part(std::string_view& text) {
  constexpr std::string_view kDigits = "0123456789.";
  const auto length = std::min(text.find_first_not_of(kDigits), text.size());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length, number, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + length) return std::nullopt;
  text.remove_prefix(length);
  const auto name = text.substr(0, text.find_first_of(kDigits));
  const auto* const unit = std::ranges::find(kUnits, name, &Unit::name);
  if (unit == std::end(kUnits)) return std::nullopt;
  text.remove_prefix(name.size());
  return number * unit->milliseconds;
}

}  // namespace

std::optional<bool> read_go_boolean(std::string_view text) {
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> read_go_duration(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double sum = 0;
  if (text == "0") text = {};
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    sum += *part;
  }
  if (sum > kLongest) return std::nullopt;
  const auto whole = std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(std::ceil(sum)));
  return is_negative ? -whole : whole;
}

}  // namespace fleetsign::cli
