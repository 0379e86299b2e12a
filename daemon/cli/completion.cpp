// SPDX-License-Identifier: Apache-2.0
// Completion of command lines: bash asks the program itself, which knows its sub-commands, flags and rows.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/subcommand.h"
#include "protocol/catalogue/catalogue.h"

namespace fleetsign::cli {
namespace {

constexpr std::string_view kBash = R"(# bash completion for fleetsign: source <(fleetsign completion bash)
_fleetsign() {
  local IFS=$'\n'
  COMPREPLY=($("$1" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -o bashdefault -o default -F _fleetsign fleetsign
)";

using Words = std::vector<std::string>;

/// Bash cuts words at these (COMP_WORDBREAKS), makes words of them, too, and completes what follows them by itself.
bool is_break(std::string_view piece) {
  return !piece.empty() && piece.find_first_not_of(":=") == std::string_view::npos;
}

/// The words as they were typed, out of what bash has made of them.
Words glue(const Words& pieces) {
  Words words;
  bool goes_on = false;
  for (const std::string& piece : pieces) {
    if (words.empty() || !(goes_on || is_break(piece))) words.emplace_back();
    words.back() += piece;
    goes_on = is_break(piece);
  }
  return words;
}

std::vector<const CLI::App*> subcommands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });  // no group: hidden
}

const CLI::App* find_subcommand(const CLI::App& app, std::string_view name) {
  const auto all = subcommands_of(app);
  const auto found = std::ranges::find_if(all, [&](const CLI::App* sub) { return sub->get_name() == name; });
  return found == all.end() ? nullptr : *found;
}

/// A command line up to the cursor, as far as it is understood.
struct Line {
  const CLI::App* app;                ///< the sub-command that the words have led to
  const CLI::Option* flag = nullptr;  ///< whose value comes next
  Words positionals = {};             ///< of that sub-command
  std::string assigned = {};          ///< "name", where the cursor is behind "name="
};

Line read_line(const CLI::App& root, const Words& before) {
  Line line{.app = &root};
  for (const std::string& word : before) {
    const auto* sub = line.positionals.empty() ? find_subcommand(*line.app, word) : nullptr;
    if (line.flag != nullptr) {
      line.flag = nullptr;
    } else if (word.starts_with("--")) {
      const auto* option = line.app->get_option_no_throw(word);  // none is called "--flag=value"
      if (option != nullptr && option->get_items_expected_max() > 0) line.flag = option;
    } else if (sub != nullptr) {
      line.app = sub;
    } else {
      line.positionals.push_back(word);
    }
  }
  return line;
}

/// What the positional argument at the cursor is: "COMMAND"; empty when none is expected. The last one may be many.
std::string type_at_cursor(const Line& line) {
  std::string type;
  std::size_t left = line.positionals.size();
  for (const auto* option : line.app->get_options()) {
    if (!option->get_positional()) continue;
    type = option->get_type_name();
    if (left-- == 0) return type;
  }
  return type == "NAME=VALUE" ? type : "";
}

Words flags_of(const CLI::App& app) {
  Words flags;
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

Words values_of(const catalogue::Parameter& parameter) {
  if (parameter.type == "boolean") return {"true", "false"};
  Words values;
  for (const auto& value : parameter.enumerators) values.emplace_back(value.names.front());
  return values;
}

/// The parameters of the command that the line names, or the values of the one that is being assigned.
Words parameters_on(const Line& line) {
  Words words;
  for (const auto& word : line.positionals) {
    const auto* command = catalogue::find(word);
    if (command == nullptr) continue;
    for (const auto& parameter : command->parameters) {
      if (parameter.name == line.assigned) return values_of(parameter);
      if (line.assigned.empty()) words.push_back(std::string(parameter.name) + "=");
    }
    break;
  }
  return words;
}

Words candidates(const Line& line, std::string_view word) {
  if (line.flag != nullptr) return {};
  if (word.starts_with('-')) return line.assigned.empty() ? flags_of(*line.app) : Words{};
  const auto type = type_at_cursor(line);
  if (type == "NAME=VALUE") return parameters_on(line);
  Words words;
  if (type == "COMMAND") {
    for (const auto& command : catalogue::commands()) words.emplace_back(command.name);
  } else if (line.positionals.empty()) {
    for (const auto* sub : subcommands_of(*line.app)) words.push_back(sub->get_name());
  }
  return words;
}

/// The last piece is the one at the cursor, which bash replaces.
int complete(const CLI::App& root, const Words& pieces) {
  const std::string prefix = pieces.empty() || is_break(pieces.back()) ? "" : pieces.back();
  Words words = glue(pieces);
  const std::string word = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  Line line = read_line(root, words);
  if (const auto equals = word.find('='); equals != std::string::npos) line.assigned = word.substr(0, equals);
  std::string lines;
  for (const auto& candidate : candidates(line, word)) {
    if (candidate.starts_with(prefix)) lines += candidate + '\n';
  }
  return print(lines);
}

}  // namespace

Action prepare_completion(CLI::App& options) {
  options.require_subcommand(1);
  options.add_subcommand("bash", "Try it: source <(fleetsign completion bash)");
  return [] { return print(kBash); };
}

Action prepare_complete(CLI::App& options) {
  options.group("");  // hidden
  auto words = std::make_shared<Words>();
  options.add_option("words", *words, "The words up to the cursor");
  return [&options, words] { return complete(*options.get_parent(), *words); };
}

}  // namespace fleetsign::cli
