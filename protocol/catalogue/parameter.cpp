// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/parameter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "protocol/catalogue/echo.h"

namespace fleetsign::catalogue {
namespace {

using nlohmann::json;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string to_text(double number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

/// The number in a string that holds just a number; any other value as it is.
json unquoted(const json& value) {
  if (!value.is_string()) return value;
  const auto& text = value.get_ref<const std::string&>();
  if (text.find('\0') != std::string::npos) return value;  // the parser would not look at what follows
  json inner = json::parse(text, nullptr, false);
  return inner.is_number() ? inner : value;
}

template <class T>
Problem outside(Bounds<T> bounds) {
  if constexpr (std::integral<T>) {
    return {"is not between " + std::to_string(bounds.min) + " and " + std::to_string(bounds.max)};
  } else {
    return {"is not between " + to_text(bounds.min) + " and " + to_text(bounds.max)};
  }
}

template <class T>
Read<T> checked(auto number, Bounds<T> bounds) {
  if (!std::in_range<T>(number)) return outside(bounds);
  const T exact = static_cast<T>(number);
  if (!bounds.contain(exact)) return outside(bounds);
  return exact;
}

template <class T>
Read<T> read_whole(const json& value, Bounds<T> bounds) {
  constexpr double kExact = 9007199254740992;  // 2^53: a double from there on may have been rounded when it was parsed
  const json number = unquoted(value);
  if (number.is_number_unsigned()) return checked(number.get<std::uint64_t>(), bounds);
  if (number.is_number_integer()) return checked(number.get<std::int64_t>(), bounds);
  if (!number.is_number_float()) return Problem{"is not a whole number"};

  const double real = number.get<double>();
  if (std::trunc(real) != real) return Problem{"is not a whole number"};
  if (std::abs(real) >= kExact) return Problem{"is too large"};
  return checked(static_cast<std::int64_t>(real), bounds);
}

template <class T>
Read<T> read_real(const json& value, Bounds<T> bounds) {
  const json number = unquoted(value);
  if (!number.is_number()) return Problem{"is not a number"};
  const double real = number.get<double>();
  if (!std::isfinite(real)) return Problem{"is not a number"};
  if (std::abs(real) > static_cast<double>(std::numeric_limits<T>::max())) return Problem{"is too large"};
  if (real < static_cast<double>(bounds.min) || real > static_cast<double>(bounds.max)) return outside(bounds);
  return static_cast<T>(real);
}

Read<bool> read_flag(const json& value, std::int32_t largest) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) {
    const auto& word = value.get_ref<const std::string&>();
    if (equal_ignoring_case(word, "true")) return true;
    if (equal_ignoring_case(word, "false")) return false;
  }
  const auto number = read_whole<std::int32_t>(value, {.min = 0, .max = largest});
  if (!number) return Problem{"is neither true nor false"};
  return *number != 0;
}

Read<std::string> read_text(const json& value, std::size_t least) {
  if (!value.is_string()) return Problem{"is not a string"};
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() < least) return Problem{"is empty"};
  return text;
}

Read<std::string> read_pin(const json& value) {
  auto text = read_text(value, 0);
  if (text && !is_pin(*text)) return Problem{"is not four digits"};
  return text;
}

struct Day {
  std::string_view name;
  std::int32_t mask;
};
// TUE and THU are not Fleet API's, but what people write.
constexpr std::array kDays = {
    Day{"SUN", 1},       Day{"SUNDAY", 1},    Day{"MON", 2},       Day{"MONDAY", 2},    Day{"TUE", 4},
    Day{"TUES", 4},      Day{"TUESDAY", 4},   Day{"WED", 8},       Day{"WEDNESDAY", 8}, Day{"THU", 16},
    Day{"THURS", 16},    Day{"THURSDAY", 16}, Day{"FRI", 32},      Day{"FRIDAY", 32},   Day{"SAT", 64},
    Day{"SATURDAY", 64}, Day{"ALL", 127},     Day{"WEEKDAYS", 62},
};

Read<std::int32_t> read_days(const json& value) {
  const Problem problem{"is not a comma list of days (SUN, MON, TUE, WED, THU, FRI, SAT, ALL, WEEKDAYS)"};
  if (!value.is_string()) return problem;
  std::string list = value.get<std::string>();
  std::erase(list, ' ');
  std::int32_t mask = 0;
  for (std::size_t start = 0; start <= list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    const auto name = std::string_view(list).substr(start, end - start);
    const auto* day =
        std::find_if(kDays.begin(), kDays.end(), [&](Day d) { return equal_ignoring_case(d.name, name); });
    if (day == kDays.end()) return problem;
    mask |= day->mask;
    start = end + 1;
  }
  return mask;
}

template <class T>
void describe(Parameter& about, Bounds<T> bounds) {
  const Bounds<T> any;
  if (bounds.min != any.min) about.minimum = static_cast<double>(bounds.min);
  if (bounds.max != any.max) about.maximum = static_cast<double>(bounds.max);
}

}  // namespace

protocol::Failure bad_parameter(std::string_view name, std::string_view problem) {
  return {.kind = protocol::Kind::bad_parameter,
          .message = "parameter " + std::string(name) + ": " + std::string(problem)};
}

protocol::Failure missing(const Parameter& parameter) {
  std::string about(parameter.summary);
  if (const auto values = accepted_values(parameter); !values.empty()) about += ", " + values;
  return {.kind = protocol::Kind::bad_parameter,
          .message = "parameter " + std::string(parameter.name) + " is missing (" + about + ")"};
}

protocol::Failure refused(const Parameter& parameter, const json& value, const Problem& problem) {
  const std::string shown = parameter.private_value ? "the value" : echo_value(value);
  return bad_parameter(parameter.name, shown + " " + problem.text);
}

protocol::Result<const json*> find_value(const Parameter& parameter, const json& arguments) {
  const json* found = nullptr;
  std::string_view found_as = parameter.name;
  if (const auto named = arguments.find(parameter.name); named != arguments.end()) found = &*named;
  for (const std::string_view alias : parameter.aliases) {
    const auto named = arguments.find(alias);
    if (named == arguments.end()) continue;
    if (found != nullptr && *found != *named) {
      return bad_parameter(parameter.name,
                           "given as " + std::string(found_as) + " and as " + std::string(alias) + ", with two values");
    }
    found = &*named;
    found_as = alias;
  }
  return found;
}

template <std::integral T>
Typed<T> whole(std::string_view name, std::string_view summary, Bounds<T> bounds) {
  Parameter about{.name = name, .summary = summary, .type = "integer", .example = 1};
  describe(about, bounds);
  return {std::move(about), [bounds](const json& value) { return read_whole<T>(value, bounds); }};
}
template Typed<std::int32_t> whole(std::string_view, std::string_view, Bounds<std::int32_t>);
template Typed<std::uint64_t> whole(std::string_view, std::string_view, Bounds<std::uint64_t>);

template <std::floating_point T>
Typed<T> real(std::string_view name, std::string_view summary, Bounds<T> bounds) {
  Parameter about{.name = name, .summary = summary, .type = "number", .example = 1};
  describe(about, bounds);
  return {std::move(about), [bounds](const json& value) { return read_real<T>(value, bounds); }};
}
template Typed<float> real(std::string_view, std::string_view, Bounds<float>);
template Typed<double> real(std::string_view, std::string_view, Bounds<double>);

Typed<bool> flag(std::string_view name, std::string_view summary) {
  return {{.name = name, .summary = summary, .type = "boolean", .example = true},
          [](const json& value) { return read_flag(value, 1); }};
}

Typed<bool> flag_up_to_two(std::string_view name, std::string_view summary) {
  return {{.name = name, .summary = summary, .type = "boolean", .example = true},
          [](const json& value) { return read_flag(value, 2); }};
}

Typed<std::string> text(std::string_view name, std::string_view summary) {
  return {{.name = name, .summary = summary, .type = "string", .example = "text"},
          [](const json& value) { return read_text(value, 1); }};
}

Typed<std::string> any_text(std::string_view name, std::string_view summary) {
  return {{.name = name, .summary = summary, .type = "string", .example = "text"},
          [](const json& value) { return read_text(value, 0); }};
}

Typed<std::string> pin(std::string_view name, std::string_view summary) {
  return {{.name = name, .summary = summary, .type = "string", .private_value = true, .example = "1234"}, read_pin};
}

bool is_pin(std::string_view text) {
  return text.size() == 4 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Typed<std::int32_t> minutes(std::string_view name, std::string_view summary) {
  return whole(name, summary, kDay).unit("minutes after local midnight").example(450);
}

Typed<std::int32_t> days_of_week() {
  return {{.name = "days_of_week",
           .summary = "Days as a comma list: SUN, MON, TUE, WED, THU, FRI, SAT, ALL or WEEKDAYS",
           .type = "string",
           .example = "MON,FRI"},
          read_days};
}

template <std::floating_point T>
Typed<T> latitude() {
  return real<T>("lat", "Latitude", {.min = -90, .max = 90}).unit("degrees").example(52.52).private_value();
}
template Typed<float> latitude();
template Typed<double> latitude();

template <std::floating_point T>
Typed<T> longitude() {
  return real<T>("lon", "Longitude", {.min = -180, .max = 180})
      .alias("long")
      .unit("degrees")
      .example(13.405)
      .private_value();
}
template Typed<float> longitude();
template Typed<double> longitude();

Read<std::size_t> find_choice(const std::vector<Enumerator>& enumerators, const json& value) {
  const auto number = read_whole<std::int32_t>(value, {});
  const std::string word = number              ? std::to_string(*number)
                           : value.is_string() ? value.get<std::string>()
                                               : std::string();
  for (std::size_t i = 0; i < enumerators.size(); ++i) {
    const auto& [own_number, names] = enumerators[i];
    if (own_number && number && *own_number == *number) return i;
    for (const std::string_view name : names) {
      if (own_number ? equal_ignoring_case(name, word) : name == word) return i;
    }
  }
  return Problem{"is none of: " + accepted_values(Parameter{.enumerators = enumerators})};
}

}  // namespace fleetsign::catalogue
