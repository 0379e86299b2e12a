// SPDX-License-Identifier: Apache-2.0
// From the four sources of configuration to one Config: defaults, file, environment, flags, the later one winning.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "config/value.h"

namespace fleetsign::config {

struct Sources {
  std::optional<std::filesystem::path> file;
  /// FLEETSIGN_* sets keys; HOME, STATE_DIRECTORY and CREDENTIALS_DIRECTORY complete paths; nothing else is looked at.
  std::map<std::string, std::string> environment;
  /// Key (as in the file, with dots; `-` may stand for `_`) and value.
  std::vector<std::pair<std::string, std::string>> flags;
  /// What the file holds, for who has read it already; `file` is then only its name.
  std::optional<std::string> file_text;
};

/// What a source sets a key to.
struct Setting {
  Value value;         ///< as it was written, but for paths: those are what they stand for
  std::string source;  ///< as Source has it in its name, or what the default depends on
};
using SetKeys = std::map<std::string, Setting, std::less<>>;  ///< by key

struct Loaded {
  Config config;
  std::vector<Problem> problems;               ///< empty: config may be used
  std::map<std::string, std::string> origins;  ///< key -> where its value came from; absent: default
  SetKeys settings;  ///< those that count; of `state_dir` also when the environment alone says it
  std::set<std::string, std::less<>> in_file;  ///< the keys that the file sets, whatever other sources say
};

/// Reports every problem it finds, not only the first.
Loaded load(const Sources& sources);

/// The same from what was set already.
Loaded assemble(const SetKeys& settings);

}  // namespace fleetsign::config
