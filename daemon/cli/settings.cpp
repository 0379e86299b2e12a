// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/settings.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/keys.h"
#include "config/suggestion.h"
#include "daemon/access/policy.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/key.h"
#include "daemon/ops/process.h"
#include "protocol/catalogue/catalogue.h"

namespace fleetsign::cli {
namespace {

constexpr std::string_view kDefaultFile = "/etc/fleetsign/fleetsign.yaml";
/// Where systemd puts the state of fleetsign.service.
constexpr const char* kServiceState = "/var/lib/fleetsign";

/// With the machine's configuration, the folders are those of the machine's service: sub-commands in a shell know
/// nothing else of them. The state is there once that has run.
void add_service_folders(config::Sources& sources) {
  if (sources.file != kDefaultFile) return;
  sources.environment.try_emplace("CREDENTIALS_DIRECTORY", credentials_directory().string());
  std::error_code failed;
  const auto state = std::filesystem::symlink_status(kServiceState, failed);  // a link to where few can look
  if (std::filesystem::exists(state)) sources.environment.try_emplace("STATE_DIRECTORY", kServiceState);
}

/// config/ knows no command, so names of commands are checked here.
void check_experimental(config::Loaded& loaded) {
  constexpr const char* kKey = "experimental_commands";
  std::vector<std::string> known;
  for (const auto& command : catalogue::commands()) {
    if (command.experimental) known.emplace_back(command.name);
  }
  for (const auto& name : loaded.config.experimental_commands) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto meant = config::suggestion(name, known);
    loaded.problems.push_back(
        {.where = loaded.origins[kKey],
         .message = std::string(kKey) + ": " + name + " is not an experimental command",
         .hint = meant ? "did you mean " + *meant + "?" : "`fleetsign commands` lists those that are"});
  }
}

/// Without it, the list would say in vain which vehicles another key signs for.
void check_next_key(config::Loaded& loaded) {
  constexpr const char* kKey = "next_key_vehicles";
  if (loaded.config.next_key_vehicles.empty() || loaded.config.next_key_file) return;
  loaded.problems.push_back(
      {.where = loaded.origins[kKey],
       .message = std::string(kKey) + ": there is no next_key_file, whose key would sign for them",
       .hint = "set next_key_file, or leave next_key_vehicles out"});
}

/// A key's flag as people write flags, and as the key is written in the file: "--key-file,--key_file".
std::string flag_names(std::string_view key) {
  std::string dashed(key);
  std::ranges::replace(dashed, '_', '-');
  return dashed == key ? "--" + dashed : "--" + dashed + ",--" + std::string(key);
}

}  // namespace

config::Environment environment() {
  config::Environment variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    const auto equals = variable.find('=');
    if (equals != std::string_view::npos) variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return variables;
}

Settings::Settings(CLI::App& options) : values_(config::keys().size()) {
  options.add_option("--config", file_, "Configuration file (" + std::string(kDefaultFile) + ")")->type_name("FILE");
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const auto& key = config::keys()[i];
    // A flag that can set nothing is not shown, but says why.
    flags_.push_back(options.add_option(flag_names(key.name), values_[i], std::string(key.summary))
                         ->type_name(std::string(key.type))
                         ->group(key.only_in_file ? "" : kKeysGroup));
  }
}

config::Loaded Settings::load(const std::optional<std::filesystem::path>& before) const {
  config::Sources sources{.environment = environment()};
  const auto named = sources.environment.find("FLEETSIGN_CONFIG");
  if (!file_.empty()) {
    sources.file = file_;
  } else if (named != sources.environment.end() && !named->second.empty()) {
    sources.file = named->second;
  } else if (before) {
    sources.file = before;
  } else if (std::error_code error; std::filesystem::exists(kDefaultFile, error) || error) {
    sources.file = kDefaultFile;
  }
  for (std::size_t i = 0; i < flags_.size(); ++i) {
    if (flags_[i]->count() > 0) sources.flags.emplace_back(config::keys()[i].name, values_[i]);
  }
  add_service_folders(sources);
  auto loaded = config::load(sources);
  loaded.config.file = sources.file;
  check_experimental(loaded);
  check_next_key(loaded);
  for (auto& problem : access::unknown_names(loaded.config.callers, loaded.config.confirm, loaded.origins["confirm"])) {
    loaded.problems.push_back(std::move(problem));
  }
  return loaded;
}

int with_configuration(const Settings& settings, const std::function<int(const config::Config&)>& work) {
  ops::protect_memory();
  const auto loaded = settings.load();
  return loaded.problems.empty() ? work(loaded.config) : fail(loaded.problems);
}

}  // namespace fleetsign::cli
