// SPDX-License-Identifier: Apache-2.0
// The options that every sub-command with a configuration has: --config FILE, and one flag for each key.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/entry.h"
#include "config/load.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace fleetsign::cli {

/// The heading under which the keys stand in the help.
inline constexpr const char* kKeysGroup = "Configuration keys";

/// The variables of this process.
config::Environment environment();

/// The command line's part of the configuration. Its values are there once the command line has been read.
class Settings {
 public:
  /// Declares the options.
  explicit Settings(CLI::App& options);

  /// From all sources, at each call anew: the file is --config, else $FLEETSIGN_CONFIG, else
  /// /etc/fleetsign/fleetsign.yaml if it exists.
  /// `before` is the file that an earlier load has read, and then has to be there.
  [[nodiscard]] config::Loaded load(const std::optional<std::filesystem::path>& before = {}) const;

 private:
  std::string file_;
  std::vector<std::string> values_;  // one for each key, in the order of the key table
  std::vector<CLI::Option*> flags_;
};

/// Does the work with the configuration, or says what is wrong with it; returns the exit status. From here on no core
/// of the process is written, as there may be secrets in it.
int with_configuration(const Settings& settings, const std::function<int(const config::Config&)>& work);

}  // namespace fleetsign::cli
