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

RemoteError describe(const protocol::Failure& failure) {
  const bool is_state = failure.kind == protocol::Kind::state_unavailable;
  return {.exit = is_state ? kIoError : kFailed,
          .message = failure.message,
          .hint = std::string(failure.hint_or_default())};
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

}  // namespace

std::optional<Json> carry_out(const config::Config& config, const Task& task, int& exit) {
  if (std::error_code failed; !task.may_make_state && !config.state_dir.empty() &&
                              !std::filesystem::exists(config.state_dir / "state.db", failed)) {
    exit = fail(kNoInput, "there is no state in " + config.state_dir.string(),
                "--state-dir, or state_dir in the configuration, says where the daemon keeps it");
    return std::nullopt;
  }
  auto store = open_state(config, Taker::subcommand, [](const std::string& message) {
    std::fprintf(stderr, "fleetsign: warning: %s\n", message.c_str());
  });
  RemoteResult<Json> result = RemoteError{};
  if (store) {
    auto done = task.work(**store);
    result = done ? RemoteResult<Json>(*std::move(done)) : describe(done.error());
  } else {
    const auto owner = owner_to_ask(config, store.error());
    if (!owner) {
      exit = fail(store.error());
      return std::nullopt;
    }
    result = ask_daemon(*owner, task);
  }
  if (result) return *std::move(result);
  exit = fail(result.error());
  return std::nullopt;
}

}  // namespace fleetsign::cli
