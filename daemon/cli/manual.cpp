// SPDX-License-Identifier: Apache-2.0
// The manual pages fleetsign(1) and fleetsign.yaml(5), made of what the program knows: its sub-commands and flags, the
// exit statuses, the key table.
#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "config/keys.h"
#include "daemon/cli/manual_page.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/cli/version.h"

namespace fleetsign::cli {
namespace {

constexpr std::string_view kSource = "fleetsign " FLEETSIGN_VERSION;

struct Row {
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array kVariables = {
    Row{"FLEETSIGN_CONFIG", "The configuration file, where there is no --config."},
    Row{"FLEETSIGN_URL", "Where the daemon is, for sub-commands that talk to it."},
    Row{"FLEETSIGN_TOKEN", "A caller's token for those sub-commands: a local key, or a Tesla token."},
    Row{"STATE_DIRECTORY", "The folder of what survives a restart, where `state_dir` is not set. systemd sets it."},
    Row{"RUNTIME_DIRECTORY", "Where the daemon has its admin socket. systemd sets it."},
    Row{"CREDENTIALS_DIRECTORY", "What ${CREDENTIALS_DIRECTORY}/ stands for in paths of the file. systemd sets it."},
    Row{"HTTPS_PROXY", "The proxy on the way to Fleet API."},
};

constexpr std::array kFiles = {
    Row{"/etc/fleetsign/fleetsign.yaml", "The configuration: see `fleetsign.yaml`(5)."},
    Row{"/var/lib/fleetsign/state.db", "What survives a restart of the service."},
    Row{"/usr/share/doc/fleetsign/", "The documentation, README.md first."},
};

struct Status {
  Exit exit;
  std::string_view meaning;
};

constexpr std::array kStatuses = {
    Status{kDone, "Done."},
    Status{kFailed, "The thing asked for did not happen."},
    Status{kUsage, "A mistake on the command line."},
    Status{kNoInput, "A file that is needed is missing."},
    Status{kUnavailable, "A service or an address cannot be had."},
    Status{kIoError, "Reading or writing failed."},
    Status{kNoPermission, "Something may not be read or written, or a secret is open to others."},
    Status{kBadConfig, "The configuration is wrong or lacks something."},
};

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

/// "-h, --help"
std::string names_of(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const auto& name : option.get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  return names;
}

/// CLI11 writes what a value is and what bounds it together: "SECONDS:INT in [1 - 600]".
struct ValueType {
  std::string name;
  std::string bounds;  ///< "1 - 600", or empty
};

ValueType type_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto colon = type.find(":INT in [");
  if (colon == std::string::npos) return {.name = type, .bounds = ""};
  const auto open = type.find('[', colon);
  return {.name = type.substr(0, colon), .bounds = type.substr(open + 1, type.find(']', open) - open - 1)};
}

void add_option(ManualPage& page, const CLI::Option& option) {
  const auto type = takes_value(option) ? type_of(option) : ValueType{};
  std::string meaning = option.get_description();
  if (!type.bounds.empty()) meaning += " (" + type.bounds + ")";
  meaning += ".";
  if (!option.get_default_str().empty()) meaning += " Default: `" + option.get_default_str() + "`.";
  if (!option.get_envname().empty()) meaning += " $" + option.get_envname() + " sets it, too.";
  if (option.get_positional()) return page.item("", option.get_name(true), meaning);
  page.item(names_of(option), type.name, meaning);
}

/// "fleetsign send [OPTIONS] vehicle command [parameters...]", "fleetsign keygen --out FILE [OPTIONS]"
std::string usage_of(const CLI::App& app, const std::string& name) {
  std::string needed;
  std::string positionals;
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) {
      const std::string word = option->get_name(true) + (option->get_items_expected_max() > 1 ? "..." : "");
      positionals += option->get_required() ? " " + word : " [" + word + "]";
    } else if (option->get_required()) {
      needed += " " + names_of(*option) + " " + type_of(*option).name;
    }
  }
  return name + needed + " [OPTIONS]" + positionals;
}

/// Its own options; every sub-command has --help, and the configuration's keys are in the other page.
void add_options(ManualPage& page, const CLI::App& app) {
  bool has_keys = false;
  for (const auto* option : app.get_options()) {
    if (option->get_group() == kKeysGroup) {
      has_keys = true;
    } else if (option != app.get_help_ptr() && !option->get_group().empty()) {
      add_option(page, *option);
    }
  }
  if (has_keys) page.paragraph("Each key of the configuration is an option, too: see `fleetsign.yaml`(5).");
}

void add_subcommands(ManualPage& page, const CLI::App& app, const std::string& name) {
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_group().empty()) continue;  // hidden
    const std::string full = name + " " + sub->get_name();
    if (sub->get_subcommands([](const CLI::App*) { return true; }).empty()) {
      page.subsection(usage_of(*sub, full));
      page.paragraph(sub->get_description() + ".");
      add_options(page, *sub);
    } else {
      add_subcommands(page, *sub, full);
    }
  }
}

std::string page_of_program(const CLI::App& app) {
  ManualPage page({.name = "fleetsign",
                   .section = 1,
                   .summary = "sign commands for Tesla vehicles and send them through Fleet API",
                   .day = day(),
                   .source = kSource});
  page.section("Synopsis");
  page.paragraph("`fleetsign` SUBCOMMAND [OPTIONS]");
  page.section("Description");
  page.paragraph(app.get_description());
  page.paragraph(
      "`fleetsign serve` is the daemon, which systemd runs as fleetsign.service; `fleetsign demo` shows it with a "
      "simulated vehicle and needs no configuration. The other sub-commands make keys, register the app, bring in "
      "tokens, pair vehicles, and send commands through the daemon.");
  page.section("Options");
  for (const auto* option : app.get_options()) add_option(page, *option);
  page.paragraph("Every sub-command has --help.");
  page.section("Sub-commands");
  add_subcommands(page, app, app.get_name());
  page.section("Exit status");
  for (const auto& row : kStatuses) page.item(std::to_string(row.exit), "", row.meaning);
  page.section("Environment");
  for (const auto& row : kVariables) page.item(row.name, "", row.meaning);
  page.section("Files");
  for (const auto& row : kFiles) page.item("", row.name, row.meaning);
  page.section("See also");
  page.paragraph("`fleetsign.yaml`(5), `systemctl`(1), `journalctl`(1)");
  return page.text();
}

std::string page_of_configuration() {
  ManualPage page({.name = "fleetsign.yaml",
                   .section = 5,
                   .summary = "configuration of fleetsign",
                   .day = day(),
                   .source = kSource});
  page.section("Synopsis");
  page.item("", "/etc/fleetsign/fleetsign.yaml", "Another file is named by --config or $FLEETSIGN_CONFIG.");
  page.section("Description");
  page.paragraph(
      "A file in YAML. A key with a dot in its name, such as `log.level`, is written as `level` within `log`. Unless "
      "only a file can have it, a key can also be set by an environment variable, such as " +
      config::environment_name("log.level") +
      ", and by a flag of the sub-command, such as --log.level. Flags win over the environment, the environment over "
      "the file, the file over the defaults. `fleetsign config check` says what is wrong with a file, and `fleetsign "
      "config example` prints one that shows every key, and `fleetsign config show` prints what each key comes to and "
      "where that was said. `fleetsign reload` has a running daemon apply what has changed, as far as a key says so "
      "below; other changes need a restart.");
  page.section("Keys");
  for (const auto& key : config::keys()) {
    std::string meaning = config::describe(key) + ".";
    if (!key.fallback.empty()) meaning.append(" Default: `").append(key.fallback).append("`.");
    if (key.reload == config::Reload::applied) meaning.append(" A reload applies a change.");
    page.item(key.name, key.type, meaning);
  }
  page.section("Files");
  page.paragraph(
      "In paths, ~/ and ${CREDENTIALS_DIRECTORY}/ are expanded; a relative one starts at the file's folder. Files that "
      "hold secrets are refused when others than their owner can read them.");
  page.section("See also");
  page.paragraph("`fleetsign`(1), `systemd.exec`(5) on credentials");
  return page.text();
}

}  // namespace

Action prepare_manual(CLI::App& options) {
  options.group("");  // hidden
  auto section = std::make_shared<int>(0);
  options.add_option("section", *section, "1 or 5")->required()->check(CLI::IsMember({1, 5}));
  return [&options, section] {
    return print(*section == 1 ? page_of_program(*options.get_parent()) : page_of_configuration());
  };
}

}  // namespace fleetsign::cli
