// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/suggestion.h"
#include "daemon/cli/drop_in.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/cli/version.h"
#include "daemon/ops/journal.h"
#include "daemon/ops/process.h"

namespace fleetsign::cli {
namespace {

constexpr std::array kSubcommands = {
    Subcommand{"serve", "Run the daemon", prepare_serve},
    Subcommand{"demo", "Run the daemon with a simulated fleet and a throw-away key; no configuration needed",
               prepare_demo},
    Subcommand{"simulate", "Run a simulated fleet: a Fleet API on this machine with vehicles behind it",
               prepare_simulate},
    Subcommand{"commands", "List the vehicle commands and their parameters", prepare_commands},
    Subcommand{"send", "Send a command to a vehicle through the running daemon", prepare_send},
    Subcommand{"reload", "Have the running daemon read its configuration anew", prepare_reload},
    Subcommand{"status", "Show how the running daemon is", prepare_status},
    Subcommand{"doctor", "Find out why a vehicle does not do what it is told", prepare_doctor},
    Subcommand{"client", "Give local keys to callers, list them, or take them away", prepare_client},
    Subcommand{"state", "Copy what survives a restart, or put a copy back", prepare_state},
    Subcommand{"audit", "Find out whether the audit is as it was written", prepare_audit},
    Subcommand{"explain", "Show what a command would send to a vehicle; nothing is sent", prepare_explain},
    Subcommand{"decode", "Show what a captured message to or from a vehicle says", prepare_decode},
    Subcommand{"sign-telemetry", "Sign a telemetry configuration for Fleet API", prepare_sign_telemetry},
    Subcommand{"keygen", "Make a key pair", prepare_keygen},
    Subcommand{"pubkey", "Print the public key", prepare_pubkey},
    Subcommand{"register", "Enter the domain and the public key at Fleet API", prepare_register},
    Subcommand{"login", "Let the owner of an account allow the app to act for it", prepare_login},
    Subcommand{"token", "Bring an account's token in, show how it is, or revoke it", prepare_token},
    Subcommand{"pair", "Show the link by which a vehicle gets the key, and wait for it", prepare_pair},
    Subcommand{"check", "Check all that an app needs, from its key to its vehicles", prepare_check},
    Subcommand{"make-cert", "Make a certificate for https, to be trusted by those who are told to", prepare_make_cert},
    Subcommand{"config", "Check or show the configuration, or print an example", prepare_config},
    Subcommand{"completion", "Print a script that completes command lines in a shell", prepare_completion},
    Subcommand{"__complete", "What may follow on a command line, for that script", prepare_complete},
    Subcommand{"__man", "The manual pages", prepare_manual},
};

void tell(ops::Level level, const char* what, std::string_view message, std::string_view hint) {
  const std::string start(ops::leads_to_journal(STDERR_FILENO) ? ops::journal_prefix(level) : "");
  const auto print_line = [&](const std::string& line) { std::fputs((start + line + '\n').c_str(), stderr); };
  print_line("fleetsign: " + std::string(what) + ": " + std::string(message));
  if (!hint.empty()) print_line("hint: " + std::string(hint));
}

/// The sub-command that has been chosen, or, where it has some of its own, the one of those.
const CLI::App& chosen_of(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : chosen_of(*chosen.front());
}

/// The first word that nothing on the command line takes, without what may be private in it: --pin=1234.
std::string extra(const CLI::App& app) {
  const auto words = app.remaining(true);
  return words.empty() ? "" : words.front().substr(0, words.front().find('='));
}

/// Arguments are not repeated: there may be secrets among them, put where they do not belong.
std::string fault_in_extra(const CLI::App& app) {
  const auto word = extra(app);
  if (word.starts_with('-')) return "there is no option " + word;
  return chosen_of(app).get_subcommands({}).empty() ? "there is an argument too many"
                                                    : "there is no sub-command " + word;
}

/// What may have been meant by that word.
std::optional<std::string> meant(const CLI::App& app) {
  constexpr std::string_view kDashes = "--";
  const auto unknown = extra(app);
  if (unknown.empty()) return std::nullopt;
  const std::string_view word = unknown;
  const auto& chosen = chosen_of(app);
  std::vector<std::string> known;
  if (word.starts_with(kDashes)) {
    for (const auto* option : chosen.get_options()) {
      known.insert(known.end(), option->get_lnames().begin(), option->get_lnames().end());
    }
    const auto name = config::suggestion(word.substr(kDashes.size()), known);
    return name ? std::optional(std::string(kDashes) + *name) : std::nullopt;
  }
  for (const auto* command : chosen.get_subcommands({})) {
    if (!command->get_name().starts_with("__")) known.push_back(command->get_name());
  }
  return config::suggestion(word, known);
}

std::string help_hint(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const auto name = meant(app);
  return (name ? "did you mean " + *name + "? " : "") + "`fleetsign " +
         (chosen.empty() ? std::string() : chosen.front()->get_name() + " ") + "--help` explains the usage";
}

int run(int argc, char** argv) {
  CLI::App app("A local signing proxy for Tesla Fleet API: plain JSON commands in, authenticated vehicle commands out.",
               "fleetsign");
  app.set_version_flag("--version", version_text, "Print the version, the commit and the libraries, and exit");
  app.require_subcommand(0, 1);  // else CLI11 says that one is missing without naming the unknown one
  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const Subcommand& row : kSubcommands) {
    auto* options = app.add_subcommand(std::string(row.name), std::string(row.summary));
    actions.emplace_back(options, row.prepare(*options));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ExtrasError&) {
    return fail(kUsage, fault_in_extra(app), help_hint(app));
  } catch (const CLI::ParseError& error) {
    return fail(kUsage, error.what(), help_hint(app));
  }
  for (const auto& [options, action] : actions) {
    if (options->parsed()) return action();
  }
  return fail(kUsage, "a sub-command is needed", help_hint(app));
}

int run_drop_in(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  auto translated = translate(arguments, environment());
  if (std::holds_alternative<HelpWanted>(translated)) return print(drop_in_usage());
  if (const auto* misuse = std::get_if<Misuse>(&translated)) return fail(kUsage, misuse->message, misuse->hint);
  auto& command = std::get<ServeCommand>(translated);
  for (const Notice& notice : command.notices) {
    const auto level = notice.is_warning ? ops::Level::warning : ops::Level::info;
    tell(level, notice.is_warning ? "warning" : "note", notice.message, notice.hint);
  }
  std::vector<char*> words = {argv[0]};
  for (std::string& argument : command.arguments) words.push_back(argument.data());
  return run(static_cast<int>(words.size()), words.data());
}

}  // namespace

int print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? kDone : fail(kIoError, "the result cannot be written to standard output");
}

int fail(Exit exit, std::string_view message, std::string_view hint) {
  tell(ops::Level::error, "error", message, hint);
  return exit;
}

}  // namespace fleetsign::cli

int main(int argc, char** argv) {
  fleetsign::ops::open_standard_descriptors();
  try {
    const bool is_drop_in = argc > 0 && fleetsign::cli::is_drop_in(argv[0]);
    return is_drop_in ? fleetsign::cli::run_drop_in(argc, argv) : fleetsign::cli::run(argc, argv);
  } catch (const std::exception& error) {
    return fleetsign::cli::fail(fleetsign::cli::kFailed, std::string("an internal error: ") + error.what());
  }
}
