// SPDX-License-Identifier: Apache-2.0
// Changes of the configuration, for the daemon that runs by it.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "daemon/api/reload.h"
#include "daemon/cli/daemon.h"
#include "daemon/cli/settings.h"
#include "daemon/ops/log.h"

namespace fleetsign::cli {

/// The whole path of the file that was read; empty: none.
std::string path_of(const config::Config& config);

/// All that can be wrong with a configuration beside the files that it names. `before` as in Settings::load().
config::Loaded load_for_daemon(const Settings& settings, const std::optional<std::filesystem::path>& before = {});

class Reloader {
 public:
  /// The settings and the log outlive it. `running` is what the daemon was started with.
  Reloader(const Settings& settings, config::Loaded running, ops::Log& log)
      : settings_(settings), running_(std::move(running)), log_(log) {}

  /// Reads the configuration from the sources of the start, has the daemon and the log take over what they can, and
  /// logs what came of it. Any thread, one after the other.
  api::ReloadReport reload(Daemon& daemon);

 private:
  api::ReloadReport take_over(Daemon& daemon);
  [[nodiscard]] api::ReloadReport refuse(const std::string& file, std::vector<config::Problem> problems) const;

  const Settings& settings_;
  std::mutex mutex_{};  // guards the configuration, and orders reloads
  config::Loaded running_;
  ops::Log& log_;
};

}  // namespace fleetsign::cli
