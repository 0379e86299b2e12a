// SPDX-License-Identifier: Apache-2.0
// Has the running daemon read its configuration anew.
#include "daemon/api/reload.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/cli/failures.h"
#include "daemon/cli/joined.h"
#include "daemon/cli/reloader.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/subcommand.h"
#include "daemon/state/folder.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kWhichDaemon =
    "does `fleetsign serve` run? state_dir says which daemon is meant; run this as that one's user, or as root";

/// A line of keys; empty when there are none.
std::string line_of(const char* what, const std::vector<std::string>& keys) {
  return keys.empty() ? "" : what + (' ' + joined(keys)) + '\n';
}

RemoteResult<api::ReloadReport> ask(const config::Config& config) {
  const auto folder = config.state_dir.string();
  if (::access(folder.c_str(), X_OK) != 0 && errno == EACCES) {
    return RemoteError{.exit = kNoPermission,
                       .message = "this user may not look into " + folder + ", which is the daemon's state",
                       .hint = "run this as the daemon's user, or as root"};
  }
  const auto owner = state::Folder::last_owner(config.state_dir);
  const bool is_gone = !owner || owner->admin_socket.empty() || (::kill(owner->process, 0) != 0 && errno == ESRCH);
  if (is_gone) {
    return RemoteError{
        .exit = kUnavailable, .message = "no daemon runs with the state in " + folder, .hint = kWhichDaemon};
  }
  auto reply = ask_owner(*owner, {.method = "POST", .target = "/admin/v1/reload"});
  if (!reply) return RemoteError{.exit = reply.error().exit, .message = reply.error().message, .hint = kWhichDaemon};
  auto report = api::read_reload_report(Json::parse(reply->body, nullptr, /*allow_exceptions=*/false));
  if (!report) return refusal_in(*reply);
  return *std::move(report);
}

int reload(const config::Loaded& own, bool as_json) {
  const auto report = ask(own.config);
  // Of the file that the daemon has read, it knows better: it may have another environment.
  const bool has_read_it = report && report->file == path_of(own.config);
  if (!own.problems.empty() && !has_read_it) return fail(own.problems);
  if (!report) return fail(report.error());
  if (!report->problems.empty()) return fail(report->problems);
  if (as_json) return print(api::to_json(*report).dump(2) + '\n');
  const auto text = line_of("applied:", report->applied) + line_of("needs a restart:", report->waiting);
  return print(text.empty() ? "nothing has changed\n" : text);
}

}  // namespace

Action prepare_reload(CLI::App& options) {
  auto as_json = std::make_shared<bool>(false);
  options.add_flag("--json", *as_json, "For programs");
  auto settings = std::make_shared<Settings>(options);
  return [=] { return reload(settings->load(), *as_json); };
}

}  // namespace fleetsign::cli
