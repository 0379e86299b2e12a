// SPDX-License-Identifier: Apache-2.0
#include "config/entry.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "config/suggestion.h"

namespace fleetsign::config {
namespace {

using Kind = Value::Kind;
using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

/// How a kind of number is written, and spoken of.
struct Quantity {
  std::span<const Unit> units;  ///< the smallest first; "" where a bare number has a meaning
  std::string_view expected;
  std::string_view is_none;
  std::string_view hint;
  std::string_view is_less;
  std::string_view is_more;
};

constexpr Unit kTimes[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Unit kBytes[] = {{"", 1}, {"KiB", 1'024}, {"MiB", 1'048'576}, {"GiB", 1'073'741'824}};
constexpr Unit kOnes[] = {{"", 1}};

constexpr Quantity kDuration = {.units = kTimes,
                                .expected = "a duration such as 10s",
                                .is_none = "is not a duration",
                                .hint = "write a whole number and ms, s, m or h, such as 10s",
                                .is_less = "is shorter than",
                                .is_more = "is longer than"};
constexpr Quantity kSize = {
    .units = kBytes,
    .expected = "a size such as 64KiB",
    .is_none = "is not a size",
    .hint = "write a whole number of bytes, or one with KiB, MiB or GiB behind it, such as 64KiB",
    .is_less = "is less than",
    .is_more = "is more than"};
constexpr Quantity kCount = {.units = kOnes,
                             .expected = "a whole number",
                             .is_none = "is not a whole number",
                             .hint = "write it in digits alone, such as 1000",
                             .is_less = "is less than",
                             .is_more = "is more than"};

struct Expansion {
  std::string_view start;
  const char* variable;
};
constexpr Expansion kExpansions[] = {{"~/", "HOME"}, {"${CREDENTIALS_DIRECTORY}/", "CREDENTIALS_DIRECTORY"}};

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

/// Without the text, which may be a secret in the wrong place: a key file given as configuration is one long text.
std::string_view description(const Value& value) {
  switch (value.kind) {
    case Kind::nothing:
      return "nothing";
    case Kind::text:
      return value.text.empty() ? "empty text" : "text";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "";
}

std::string joined(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// With the largest unit that leaves a whole number.
std::string in_units(const Quantity& quantity, std::int64_t number) {
  const Unit* unit = quantity.units.data();
  for (const Unit& larger : quantity.units) {
    if (number % larger.factor == 0) unit = &larger;
  }
  return std::to_string(number / unit->factor) + std::string(unit->name);
}

/// In the smallest unit.
std::optional<std::int64_t> read_quantity(const Entry& entry, const Quantity& quantity, std::int64_t least,
                                          std::int64_t most) {
  const std::optional<std::string> text = read_text(entry, std::string(quantity.expected));
  if (!text) return std::nullopt;

  const std::size_t digits = std::min(text->find_first_not_of("0123456789"), text->size());
  const std::string unit_name = text->substr(digits);
  const auto unit =
      std::find_if(quantity.units.begin(), quantity.units.end(), [&](const Unit& u) { return u.name == unit_name; });
  const bool is_known = unit != quantity.units.end();
  if (digits > 0 && unit_name.empty() && !is_known) {
    entry.complain(quote(*text) + " has no unit", "write " + text->substr(0, 10) + "s");
    return std::nullopt;
  }
  if (digits == 0 || !is_known) {
    entry.complain(quote(*text) + " " + std::string(quantity.is_none), std::string(quantity.hint));
    return std::nullopt;
  }

  std::int64_t number = 0;
  const bool countable = std::from_chars(text->data(), text->data() + digits, number).ec == std::errc{};
  if (!countable || number > most / unit->factor) {
    entry.complain(quote(*text) + " " + std::string(quantity.is_more) + " " + in_units(quantity, most));
    return std::nullopt;
  }
  if (number * unit->factor < least) {
    entry.complain(quote(*text) + " " + std::string(quantity.is_less) + " " + in_units(quantity, least));
    return std::nullopt;
  }
  return number * unit->factor;
}

std::optional<std::size_t> read_quantity(const Entry& entry, const Quantity& quantity, std::size_t least,
                                         std::size_t most) {
  const auto number = read_quantity(entry, quantity, static_cast<std::int64_t>(least), static_cast<std::int64_t>(most));
  if (!number) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const std::optional<std::string> meant = suggestion(name, candidates);
  return meant ? "did you mean " + *meant + "?" : "";
}

std::optional<std::filesystem::path> expand(const Entry& entry, const std::string& text) {
  for (const auto& [start, variable] : kExpansions) {
    if (!text.starts_with(start)) continue;
    const std::optional<std::string> folder = find_variable(entry.source.environment, variable);
    if (!folder) {
      entry.complain(std::string(variable) + " is not set in the environment", "write the whole path");
      return std::nullopt;
    }
    return *folder + "/" + text.substr(start.size());
  }
  if (text.starts_with('$')) {
    entry.complain("of all variables, only ${CREDENTIALS_DIRECTORY}/ is expanded in a path", "write the whole path");
    return std::nullopt;
  }
  return entry.source.folder / text;
}

}  // namespace

std::optional<std::string> find_variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string Entry::where() const {
  return value.line == 0 ? source.name : source.name + ":" + std::to_string(value.line);
}

void Entry::complain(std::string message, std::string hint) const {
  const std::string prefix = key.empty() ? "" : key + ": ";
  problems.push_back({.where = where(), .message = prefix + std::move(message), .hint = std::move(hint)});
}

void Entry::complain_expected(const std::string& expected) const {
  complain("expected " + expected + ", found " + std::string(description(value)));
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string quote(std::string_view text) {
  constexpr std::size_t kMost = 60;
  return '"' + printable(std::string(text.substr(0, kMost))) + (text.size() > kMost ? "…\"" : "\"");
}

std::optional<std::string> read_text(const Entry& entry, const std::string& expected) {
  if (entry.value.kind != Kind::text || entry.value.text.empty()) {
    entry.complain_expected(expected);
    return std::nullopt;
  }
  // Not shown: several lines are most likely the content of a file, where its path was asked for.
  if (has_control_characters(entry.value.text)) {
    entry.complain("expected " + expected + ", found text with line breaks or control characters");
    return std::nullopt;
  }
  return entry.value.text;
}

std::optional<bool> read_boolean(const Entry& entry) {
  const std::optional<std::string> text = read_text(entry, "true or false");
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  entry.complain(quote(*text) + " is neither true nor false");
  return std::nullopt;
}

std::optional<milliseconds> read_duration(const Entry& entry, milliseconds least, milliseconds most) {
  const auto number = read_quantity(entry, kDuration, std::int64_t{least.count()}, std::int64_t{most.count()});
  if (!number) return std::nullopt;
  return milliseconds(*number);
}

std::string to_text(milliseconds duration) {
  return in_units(kDuration, duration.count());
}

std::optional<std::size_t> read_count(const Entry& entry, std::size_t least, std::size_t most) {
  return read_quantity(entry, kCount, least, most);
}

std::optional<std::size_t> read_size(const Entry& entry, std::size_t least, std::size_t most) {
  return read_quantity(entry, kSize, least, most);
}

std::optional<std::uint64_t> read_dollars(const Entry& entry, std::uint64_t most) {
  constexpr std::size_t kDecimals = 6;
  constexpr std::uint64_t kDollar = 1'000'000;
  const std::optional<std::string> text = read_text(entry, "an amount in dollars such as 0.002");
  if (!text) return std::nullopt;
  const std::size_t point = std::min(text->find('.'), text->size());
  const std::string whole = text->substr(0, point);
  const std::string decimals = point < text->size() ? text->substr(point + 1) : "0";
  const auto is_number = [](const std::string& digits) {
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
  };
  if (!is_number(whole) || !is_number(decimals) || decimals.size() > kDecimals) {
    entry.complain(quote(*text) + " is not an amount in dollars", "write it with up to six decimals, such as 0.002");
    return std::nullopt;
  }
  const std::string digits = whole + decimals + std::string(kDecimals - decimals.size(), '0');
  std::uint64_t millionths = 0;
  const bool countable = std::from_chars(digits.data(), digits.data() + digits.size(), millionths).ec == std::errc{};
  if (!countable || millionths > most * kDollar) {
    entry.complain(quote(*text) + " is more than " + std::to_string(most));
    return std::nullopt;
  }
  return millionths;
}

std::optional<std::filesystem::path> read_path(const Entry& entry) {
  const std::optional<std::string> text = read_text(entry, "a path");
  if (!text) return std::nullopt;
  std::optional<std::filesystem::path> path = expand(entry, *text);
  if (path && entry.source.paths != nullptr) {
    entry.source.paths->push_back({.key = entry.key, .line = entry.value.line, .text = *text, .path = *path});
  }
  return path;
}

std::optional<std::size_t> read_word(const Entry& entry, std::span<const std::string> words) {
  const std::optional<std::string> text = read_text(entry, "one of " + joined(words));
  if (!text) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  entry.complain(quote(*text) + " is not one of " + joined(words), did_you_mean(*text, words));
  return std::nullopt;
}

std::optional<std::vector<Value>> read_list(const Entry& entry) {
  if (entry.value.kind == Kind::list) return entry.value.items;
  if (entry.value.kind == Kind::map) {
    entry.complain_expected("a list");
    return std::nullopt;
  }
  std::vector<Value> items;
  std::string_view rest = entry.value.text;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    Value item = scalar(std::string(trimmed(rest.substr(0, comma))));
    item.line = entry.value.line;
    items.push_back(std::move(item));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return items;
}

}  // namespace fleetsign::config
