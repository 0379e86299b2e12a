// SPDX-License-Identifier: Apache-2.0
// What the program is under the name tesla-http-proxy: `serve`, told by the flags and variables of Tesla's own proxy.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/entry.h"

namespace fleetsign::cli {

/// Whether a program that was started by this name or path (argv[0]) stands in for tesla-http-proxy.
bool is_drop_in(std::string_view program);

/// To be told before it serves.
struct Notice {
  bool is_warning = false;  ///< else it tells what goes another way, and nothing needs to be done
  std::string message;
  std::string hint;  ///< may be empty

  bool operator==(const Notice&) const = default;
};

/// What is to be run instead.
struct ServeCommand {
  std::vector<std::string> arguments;  ///< of fleetsign: "serve", and then "--KEY=VALUE" for each
  std::vector<Notice> notices;

  bool operator==(const ServeCommand&) const = default;
};

/// -h was among the flags.
struct HelpWanted {
  bool operator==(const HelpWanted&) const = default;
};

/// The flags or variables cannot be followed.
struct Misuse {
  std::string message;
  std::string hint;

  bool operator==(const Misuse&) const = default;
};

using Translated = std::variant<ServeCommand, HelpWanted, Misuse>;

/// The flags (argv without argv[0]) and variables of tesla-http-proxy, a flag before its variable, as a command of
/// ours. Whether the values can be used (a file, a port that is free) is left to `serve`.
Translated translate(std::span<const std::string> arguments, const config::Environment& environment);

/// What -h prints.
std::string drop_in_usage();

/// The flags with their variables and what becomes of each: a table in GitHub-flavoured Markdown.
std::string drop_in_table();

}  // namespace fleetsign::cli
