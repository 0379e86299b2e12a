// SPDX-License-Identifier: Apache-2.0
// What comes of reading the configuration anew, for whoever has asked for it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/problem.h"

namespace fleetsign::api {

struct ReloadReport {
  std::string file = {};                       ///< that was read, with its whole path; empty: none
  std::vector<config::Problem> problems = {};  ///< any: nothing was taken over
  std::vector<std::string> applied = {};       ///< keys that have changed, and were taken over
  std::vector<std::string> waiting = {};       ///< keys that have changed, and wait for a restart
};

/// {file, applied, needs_restart}, or {file, error, problems}.
nlohmann::ordered_json to_json(const ReloadReport& report);

/// The report again; nothing for what is none.
std::optional<ReloadReport> read_reload_report(const nlohmann::ordered_json& body);

}  // namespace fleetsign::api
