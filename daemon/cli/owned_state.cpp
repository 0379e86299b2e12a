// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/owned_state.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/cli/failures.h"
#include "daemon/cli/state_folder.h"
#include "daemon/state/folder.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

std::filesystem::path file_of(const config::Config& config) {
  return config.state_dir / "state.db";
}

RemoteResult<Json> ask_daemon(const state::Owner& owner, const Task& task) {
  const auto reply = ask_owner(owner, task.call);
  if (!reply) return reply.error();
  auto result = Json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  if (reply->status == 200 && result.is_object()) return result;
  auto refusal = refusal_in(*reply);
  if (reply->status == 503) refusal.exit = kIoError;
  return refusal;
}

void warn(const std::string& message) {
  std::fprintf(stderr, "fleetsign: warning: %s\n", message.c_str());
}

/// As whoever runs a sub-command can mend it.
RemoteError describe_unopened(const state::Error& error) {
  auto told = describe(error);
  if (told.exit == kNoPermission) told.hint = "run this as the daemon's user, or as root";
  return told;
}

}  // namespace

RemoteResult<Json> to_remote(protocol::Result<Json> done) {
  if (done) return *std::move(done);
  const auto& failure = done.error();
  const bool is_state = failure.kind == protocol::Kind::state_unavailable;
  return RemoteError{.exit = is_state ? kIoError : kFailed,
                     .message = failure.message,
                     .hint = std::string(failure.hint_or_default())};
}

bool is_state_missing(const config::Config& config) {
  // What cannot be seen may be there, and without a folder nothing is: opening it says why that does not go.
  std::error_code failed;
  return !config.state_dir.empty() && !std::filesystem::exists(file_of(config), failed) && !failed;
}

RemoteResult<Json> carry_out(const config::Config& config, const Task& task) {
  const bool is_missing = is_state_missing(config);
  if (is_missing && !task.may_make_state) {
    return RemoteError{.exit = kNoInput,
                       .message = "there is no state in " + config.state_dir.string(),
                       .hint = "--state-dir, or state_dir in the configuration, says where the daemon keeps it"};
  }
  auto store = open_state(config, Taker::subcommand, warn);
  if (!store) {
    const auto owner = owner_to_ask(config, store.error());
    return owner ? ask_daemon(*owner, task) : describe_unopened(store.error());
  }
  if (is_missing) {
    warn("there was no state, and " + file_of(config).string() +
         " is made; a daemon with another state_dir or of another user does not see it");
  }
  return task.work(**store);
}

}  // namespace fleetsign::cli
