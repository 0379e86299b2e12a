// SPDX-License-Identifier: Apache-2.0
// What survives a restart, copied and put back: by the daemon itself while one runs, else by this process.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "crypto/key_file.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/input_file.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/state_folder.h"
#include "daemon/cli/subcommand.h"
#include "daemon/state/folder.h"
#include "daemon/state/tokens.h"

namespace fleetsign::cli {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kLargest = std::size_t{1024} * 1024 * 1024;

/// Asks the folder's owner.
RemoteResult<std::string> copy_of(const state::Owner& owner) {
  const auto reply = ask_owner(
      owner, {.method = "POST", .target = "/admin/v1/backup", .patience = kPatience, .reply_bytes = kLargest});
  if (!reply) return reply.error();
  if (reply->status != 200) return refusal_in(*reply);
  return reply->body;
}

int write(const std::string& file, const std::string& copy) {
  if (const auto error = crypto::write_protected(file, copy)) return fail(*error);
  return print("copied to " + file + " (" + std::to_string(copy.size()) + " bytes)\n");
}

int backup(const config::Config& config, const std::string& file) {
  if (std::error_code failed; !std::filesystem::exists(config.state_dir / "state.db", failed) && !failed) {
    return fail(kNoInput, "there is no state in " + config.state_dir.string(),
                "--state-dir, or state_dir in the configuration, says where the daemon keeps it");
  }
  std::string trouble;
  const auto store = open_state(config, Taker::subcommand, [&](const std::string& message) { trouble = message; });
  if (!trouble.empty()) return fail(kIoError, trouble);
  if (store) {
    const auto copy = (*store)->copy();
    return copy ? write(file, *copy) : fail(copy.error());
  }
  const auto owner = owner_to_ask(config, store.error());
  if (!owner) return fail(store.error());
  const auto copy = copy_of(*owner);
  return copy ? write(file, *copy) : fail(copy.error());
}

/// The managed accounts that have any, whether these can be read or not.
std::set<std::string> with_tokens(state::Store& store, const config::Config& config) {
  const state::Tokens tokens(store, std::nullopt);
  std::set<std::string> names;
  for (const auto& [name, account] : config.accounts) {
    if (account.access_token_file) continue;
    const auto found = tokens.find(name);
    if (!found || *found) names.insert(name);
  }
  return names;
}

/// What to say of tokens that only the copy had: of those that were refreshed since, the copy has none that are good.
std::string about_new_tokens(const std::set<std::string>& before, const config::Config& config) {
  const auto store = open_state(config, Taker::subcommand, [](const std::string&) {});
  if (!store) return {};
  std::string text;
  for (const auto& name : with_tokens(**store, config)) {
    if (before.contains(name)) continue;
    text +=
        "the tokens of " + name + " come from the copy: if they were refreshed since, `fleetsign login " + name + "`\n";
  }
  return text;
}

int restore(const config::Config& config, const std::string& file) {
  const auto copy = read_input_file(file, kLargest);
  if (!copy) return fail(copy.error().exit, copy.error().message);
  std::set<std::string> before;
  {
    const auto store = open_state(config, Taker::subcommand, [](const std::string& message) {
      std::fprintf(stderr, "fleetsign: warning: %s\n", message.c_str());
    });
    if (!store) return fail(store.error());
    before = with_tokens(**store, config);
    if (const auto error = (*store)->restore(copy->content)) return fail(*error);
  }
  return print("restored from " + file + "; what was there is kept beside it\n" + about_new_tokens(before, config));
}

}  // namespace

Action prepare_state(CLI::App& options) {
  options.require_subcommand(1);
  auto* copying =
      options.add_subcommand("backup", "Copy what survives a restart to a new file; a running daemon goes on");
  auto* restoring = options.add_subcommand("restore", "Put a copy in the place of what is kept; no daemon may run");
  auto file = std::make_shared<std::string>();
  auto backup_settings = std::make_shared<Settings>(*copying);
  auto restore_settings = std::make_shared<Settings>(*restoring);
  for (auto* chosen : {copying, restoring})
    chosen->add_option("FILE", *file, "The copy")->required()->type_name("FILE");
  return [=] {
    const auto& settings = *(copying->parsed() ? backup_settings : restore_settings);
    return with_configuration(settings, [&](const config::Config& config) {
      return copying->parsed() ? backup(config, *file) : restore(config, *file);
    });
  };
}

}  // namespace fleetsign::cli
