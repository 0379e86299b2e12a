// SPDX-License-Identifier: Apache-2.0
// From YAML text to a tree. yaml-cpp stays behind it: its types and exceptions are in yaml.cpp only.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "config/value.h"

namespace fleetsign::config {

/// Maps and lists within each other, the outermost included; a configuration needs four.
constexpr std::size_t kMaxDepth = 16;

struct SyntaxError {
  std::size_t line = 0;  ///< from 1; 0: unknown
  std::string message;
};

/// The one document of a YAML text; Kind::nothing when there is none. Anchors, aliases and tags are refused, as are
/// more than kMaxDepth levels, so that the tree is never larger than the text.
std::variant<Value, SyntaxError> parse_yaml(const std::string& text);

}  // namespace fleetsign::config
