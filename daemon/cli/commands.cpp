// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/cli/subcommand.h"
#include "protocol/catalogue/document.h"

namespace fleetsign::cli {

Action prepare_commands(CLI::App& options) {
  auto as_json = std::make_shared<bool>(false);
  options.add_flag("--json", *as_json, "For programs");
  return [=] { return print(*as_json ? catalogue::describe().dump(2) + '\n' : catalogue::plain_table()); };
}

}  // namespace fleetsign::cli
