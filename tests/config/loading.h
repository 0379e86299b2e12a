// SPDX-License-Identifier: Apache-2.0
// Loading from text, and problems as the lines that people read.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace fleetsign::config {

using Variables = std::map<std::string, std::string>;
using Lines = std::vector<std::string>;

inline Loaded load_text(const std::string& text, const Variables& environment = {}) {
  return load({.file = "fleetsign.yaml", .environment = environment, .file_text = text});
}

/// "WHERE: MESSAGE", or "WHERE: MESSAGE | HINT".
inline Lines lines(const Loaded& loaded) {
  Lines all;
  for (const Problem& problem : loaded.problems) {
    all.push_back(problem.where + ": " + problem.message + (problem.hint.empty() ? "" : " | " + problem.hint));
  }
  return all;
}

/// What is said about a configuration file of this text.
inline Lines problems_of(const std::string& text, const Variables& environment = {}) {
  return lines(load_text(text, environment));
}

}  // namespace fleetsign::config

/// For failed checks.
template <>
struct doctest::StringMaker<fleetsign::config::Lines> {
  static String convert(const fleetsign::config::Lines& lines) {
    std::string text;
    for (const std::string& line : lines) text += "\n  " + line;
    return text.c_str();
  }
};
