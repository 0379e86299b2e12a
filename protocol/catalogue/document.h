// SPDX-License-Identifier: Apache-2.0
// The rows for readers: people and programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fleetsign::catalogue {

/// All commands as a table in Markdown, by subject, for docs/commands.md.
std::string markdown_table();

/// The groups and the names of their commands, for README.md.
std::string markdown_table_of_groups();

/// The same for a terminal: a line for each command, one below it for each parameter, and the groups at the end.
std::string plain_table();

/// All that the rows say: {"commands": [{"name", "summary", "subject", "groups", "route", …, "parameters": […],
/// "example"}]}.
nlohmann::ordered_json describe();

}  // namespace fleetsign::catalogue
