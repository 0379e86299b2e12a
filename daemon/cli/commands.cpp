// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/cli/subcommand.h"
#include "protocol/catalogue/document.h"

namespace fleetsign::cli {

Action prepare_commands(CLI::App& options) {
  auto as_json = std::make_shared<bool>(false);
  options.add_flag("--json", *as_json, "For programs");
  return [=] {
    const std::string text = *as_json ? catalogue::describe().dump(2) + '\n' : catalogue::markdown_table();
    std::fputs(text.c_str(), stdout);
    return int{kDone};
  };
}

}  // namespace fleetsign::cli
