// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>

#include "config/document.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"

namespace fleetsign::cli {

Action prepare_config(CLI::App& options) {
  options.require_subcommand(1);
  auto* check = options.add_subcommand("check", "Say what is wrong with the configuration");
  auto settings = std::make_shared<Settings>(*check);
  options.add_subcommand("example", "Print a configuration file that shows every key");
  return [=] {
    if (!check->parsed()) {
      return print(config::example_yaml());
    }
    const auto loaded = settings->load();
    if (!loaded.problems.empty()) return fail(loaded.problems);
    return print("the configuration is fine\n");
  };
}

}  // namespace fleetsign::cli
