// SPDX-License-Identifier: Apache-2.0
// From the four sources of configuration to one Config: defaults, file, environment, flags, the later one winning.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"

namespace fleetsign::config {

/// Something wrong in a source. `where` is "FILE:LINE", "environment FLEETSIGN_X" or "flag --x".
struct Problem {
  enum class Kind { missing_file, unreadable_file, invalid };
  Kind kind = Kind::invalid;
  std::string where;
  std::string message;  ///< what is wrong, naming the key; never the value of a secret
  std::string hint;     ///< what to do; may be empty
};

struct Sources {
  std::optional<std::filesystem::path> file;
  std::map<std::string, std::string> environment;           ///< FLEETSIGN_* is looked at, nothing else
  std::vector<std::pair<std::string, std::string>> flags;   ///< key (as in the file, with dots) and value
};

struct Loaded {
  Config config;
  std::vector<Problem> problems;               ///< empty: config may be used
  std::map<std::string, std::string> origins;  ///< key -> where its value came from; absent: default
};

/// Reports every problem it finds, not only the first.
Loaded load(const Sources& sources);

}  // namespace fleetsign::config
