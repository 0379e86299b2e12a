// SPDX-License-Identifier: Apache-2.0
// A configuration file of any bytes: nothing but a Config or problems comes out of it. The first line also serves as
// the value of a variable, which goes another way through the readers.
#include <cstdlib>
#include <string>

#include "config/load.h"
#include "tests/support/fuzz.h"

namespace config = fleetsign::config;

void fuzz(std::span<const std::uint8_t> input) {
  const std::string text(input.begin(), input.end());
  const std::string line = text.substr(0, text.find('\n'));
  const config::Loaded loaded = config::load({.file = "fleetsign.yaml",
                                              .environment = {{"HOME", "/home/someone"},
                                                              {"FLEETSIGN_LISTEN", line},
                                                              {"FLEETSIGN_TIMEOUT", line},
                                                              {"FLEETSIGN_FLEET_API_BASE_URL", line}},
                                              .flags = {{line, line}},
                                              .file_text = text});

  for (const config::Problem& problem : loaded.problems) {
    if (problem.where.empty() || problem.message.empty()) std::abort();
  }
  if (!loaded.problems.empty()) return;
  // What later code relies on without looking again.
  const config::Config& config = loaded.config;
  if (config.listen.empty() || config.timeout.count() < 1'000 || config.timeout > config.timeout_max) std::abort();
}
