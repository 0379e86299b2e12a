// SPDX-License-Identifier: Apache-2.0
// What a source says before a key gives it a meaning: a tree of untyped text. So a value is read by the same rules
// wherever it comes from, and no word turns into a boolean or a number by itself.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace fleetsign::config {

struct Value {
  enum class Kind { nothing, text, list, map };
  struct Member;

  Kind kind = Kind::nothing;
  std::string text;
  std::vector<Value> items;
  std::vector<Member> members;  ///< in the order of the source; a name may occur twice
  std::size_t line = 0;         ///< from 1; 0: not from a file. A member's value stands where its name does
};

struct Value::Member {
  std::string name;
  Value value;
};

/// A value given as one word, in an environment variable or a flag. No text is no value, as in YAML.
inline Value scalar(std::string text) {
  const Value::Kind kind = text.empty() ? Value::Kind::nothing : Value::Kind::text;
  return Value{.kind = kind, .text = std::move(text)};
}

}  // namespace fleetsign::config
