// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/reloader.h"

#include <iterator>
#include <string>
#include <utility>

#include "config/merge.h"
#include "daemon/access/callers.h"

namespace fleetsign::cli {
namespace {

std::string joined(const std::vector<std::string>& keys) {
  std::string text;
  for (const auto& key : keys) text += (text.empty() ? "" : ",") + key;
  return text;
}

}  // namespace

config::Loaded load_for_daemon(const Settings& settings) {
  auto loaded = settings.load();
  if (!loaded.problems.empty()) return loaded;
  loaded.problems = access::find_unknown_peers(loaded.config.callers);
  return loaded;
}

api::ReloadReport Reloader::reload(Daemon& daemon) {
  const std::lock_guard lock(mutex_);
  auto fresh = load_for_daemon(settings_);
  if (!fresh.problems.empty()) return refuse(std::move(fresh.problems));
  auto merged = config::merge(running_, fresh);
  if (!merged.running.problems.empty()) return refuse(std::move(merged.running.problems));
  running_ = std::move(merged.running);
  daemon.apply(running_.config);
  configure(log_, running_.config.log);
  const auto applied = joined(merged.applied);
  const auto waiting = joined(merged.waiting);
  log_.info("reloaded", {{"applied", ops::Plain{applied}}, {"needs_restart", ops::Plain{waiting}}});
  return {.applied = std::move(merged.applied), .waiting = std::move(merged.waiting)};
}

api::ReloadReport Reloader::refuse(std::vector<config::Problem> problems) const {
  for (const auto& problem : problems) {
    log_.warning("configuration_problem", {{"where", ops::Plain{problem.where}},
                                           {"what", ops::Plain{problem.message}},
                                           {"hint", ops::Plain{problem.hint}}});
  }
  log_.warning("reload_refused", {{"problems", problems.size()}});
  return {.problems = std::move(problems)};
}

}  // namespace fleetsign::cli
