// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

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

std::string help_hint(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return "`fleetsign " + (chosen.empty() ? std::string() : chosen.front()->get_name() + " ") +
         "--help` explains the usage";
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
  } catch (const CLI::ExtrasError& error) {
    const std::string_view said = error.what();
    return fail(kUsage, said.substr(0, said.find('=')), help_hint(app));  // it repeats what was typed: --pin=1234
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
    std::fprintf(stderr, "fleetsign: %s: %s\n", notice.is_warning ? "warning" : "note", notice.message.c_str());
    if (!notice.hint.empty()) std::fprintf(stderr, "hint: %s\n", notice.hint.c_str());
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
  const std::string start(ops::leads_to_journal(STDERR_FILENO) ? ops::journal_prefix(ops::Level::error) : "");
  std::fprintf(stderr, "%sfleetsign: error: %.*s\n", start.c_str(), static_cast<int>(message.size()), message.data());
  if (!hint.empty()) std::fprintf(stderr, "%shint: %.*s\n", start.c_str(), static_cast<int>(hint.size()), hint.data());
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
