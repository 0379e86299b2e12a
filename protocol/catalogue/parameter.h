// SPDX-License-Identifier: Apache-2.0
// Typed parameters. A row declares each one once; from that come its documentation, the reading of its value in every
// dialect that clients speak, and the C++ value that the row's builder gets.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/result.h"
#include "protocol/catalogue/catalogue.h"

namespace fleetsign::catalogue {

/// Why a value is refused, to be read after the value: "is not a whole number".
struct Problem {
  std::string text;
};
template <class T>
using Read = crypto::Result<T, Problem>;

/// Failures of kind bad_parameter. What a builder finds wrong: "parameter NAME: PROBLEM".
protocol::Failure bad_parameter(std::string_view name, std::string_view problem);
/// "parameter percent is missing (State of charge to stop at, 0 to 100)".
protocol::Failure missing(const Parameter& parameter);
/// "parameter percent: 50.5 is not a whole number", without the value where that is private.
protocol::Failure refused(const Parameter& parameter, const nlohmann::json& value, const Problem& problem);

/// The value under the parameter's name or an alias; null when there is none. Fails when two of them differ.
protocol::Result<const nlohmann::json*> find_value(const Parameter& parameter, const nlohmann::json& arguments);

template <class T>
class Typed {
 public:
  using Reader = std::function<Read<T>(const nlohmann::json& value)>;

  Typed(Parameter about, Reader reader) : about_(std::move(about)), reader_(std::move(reader)) {}

  Typed alias(std::string_view name) && {
    about_.aliases.push_back(name);
    return std::move(*this);
  }
  Typed unit(std::string_view unit) && {
    about_.unit = unit;
    return std::move(*this);
  }
  Typed example(nlohmann::json value) && {
    about_.example = std::move(value);
    return std::move(*this);
  }
  Typed private_value() && {
    about_.private_value = true;
    return std::move(*this);
  }
  /// In the example body although it may be absent.
  Typed in_example() && {
    about_.in_example = true;
    return std::move(*this);
  }

  /// May be absent, which means `value`.
  Typed or_else(T value) && {
    about_.required = about_.in_example = false;
    absent_.emplace(std::move(value));
    return std::move(*this);
  }
  /// May be absent, which the builder sees.
  Typed<std::optional<T>> optional() && {
    auto reader = [inner = std::move(reader_)](const nlohmann::json& value) -> Read<std::optional<T>> {
      auto read = inner(value);
      if (!read) return std::move(read).error();
      return std::optional<T>(std::move(*read));
    };
    return Typed<std::optional<T>>(std::move(about_), std::move(reader)).or_else(std::nullopt);
  }

  [[nodiscard]] const Parameter& about() const { return about_; }

  /// The value among the arguments. Fails with bad_parameter.
  [[nodiscard]] protocol::Result<T> take(const nlohmann::json& arguments) const {
    const auto value = find_value(about_, arguments);
    if (!value) return value.error();
    if (*value == nullptr) return absent_ ? protocol::Result<T>(*absent_) : missing(about_);
    auto read = reader_(**value);
    if (!read) return refused(about_, **value, read.error());
    return std::move(*read);
  }

 private:
  Parameter about_;
  Reader reader_;
  std::optional<T> absent_ = {};
};

template <class T>
struct Bounds {
  T min = std::numeric_limits<T>::lowest();
  T max = std::numeric_limits<T>::max();

  [[nodiscard]] constexpr bool contain(T value) const { return value >= min && value <= max; }
};

/// A number without fraction, in a string or not. T: std::int32_t or std::uint64_t.
template <std::integral T = std::int32_t>
Typed<T> whole(std::string_view name, std::string_view summary, Bounds<T> bounds = {});

/// A number, in a string or not; rounded to T, float or double.
template <std::floating_point T>
Typed<T> real(std::string_view name, std::string_view summary, Bounds<T> bounds = {});

/// true, false, 1, 0 or one of these in a string.
Typed<bool> flag(std::string_view name, std::string_view summary);
/// The same, but 2 is true as well.
Typed<bool> flag_up_to_two(std::string_view name, std::string_view summary);

/// A string that is not empty.
Typed<std::string> text(std::string_view name, std::string_view summary);
/// Any string.
Typed<std::string> any_text(std::string_view name, std::string_view summary);
/// Four digits in a string, private.
Typed<std::string> pin(std::string_view name, std::string_view summary);
bool is_pin(std::string_view text);

/// Minutes after local midnight, 0 to 1440.
Typed<std::int32_t> minutes(std::string_view name, std::string_view summary);
inline constexpr Bounds<std::int32_t> kDay = {.min = 0, .max = 24 * 60};

/// A comma list of days, "MON,TUE"; a bit for each, Sunday being bit 0.
Typed<std::int32_t> days_of_week();

/// Where something is or happens, in degrees; private.
template <std::floating_point T = float>
Typed<T> latitude();
template <std::floating_point T = float>
Typed<T> longitude();

/// One choice of a parameter, and what the builder gets for it.
template <class V>
struct Choice {
  std::optional<int> number;
  std::vector<std::string_view> names;
  V value;
};

/// The position of the choice that `value` means, by number or by name.
Read<std::size_t> find_choice(const std::vector<Enumerator>& enumerators, const nlohmann::json& value);

/// One of a few numbers or names; a choice without a number has exactly its name.
template <class V>
Typed<V> choice(std::string_view name, std::string_view summary, std::vector<Choice<V>> choices) {
  Parameter about{.name = name, .summary = summary, .type = choices.front().number ? "integer" : "string"};
  std::vector<V> values;
  for (auto& [number, names, value] : choices) {
    about.enumerators.push_back({number, std::move(names)});
    values.push_back(std::move(value));
  }
  const Enumerator& first = about.enumerators.front();
  about.example = first.number ? nlohmann::json(*first.number) : nlohmann::json(first.names.front());
  auto reader = [enumerators = about.enumerators, values = std::move(values)](const nlohmann::json& value) -> Read<V> {
    const auto position = find_choice(enumerators, value);
    if (!position) return position.error();
    return values[*position];
  };
  return {std::move(about), std::move(reader)};
}

}  // namespace fleetsign::catalogue
