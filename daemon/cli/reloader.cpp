// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/reloader.h"

#include <filesystem>
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

std::string path_of(const config::Config& config) {
  return config.file ? std::filesystem::absolute(*config.file).lexically_normal().string() : "";
}

config::Loaded load_for_daemon(const Settings& settings) {
  auto loaded = settings.load();
  if (!loaded.problems.empty()) return loaded;
  loaded.problems = access::find_unknown_peers(loaded.config.callers);
  return loaded;
}

api::ReloadReport Reloader::reload(Daemon& daemon) {
  const std::lock_guard lock(mutex_);
  auto fresh = load_for_daemon(settings_);
  const auto file = path_of(fresh.config);
  if (!fresh.problems.empty()) return refuse(file, std::move(fresh.problems));
  auto merged = config::merge(running_, fresh);
  if (!merged.running.problems.empty()) return refuse(file, std::move(merged.running.problems));
  running_ = std::move(merged.running);
  daemon.apply(running_.config);
  configure(log_, running_.config.log);
  const auto applied = joined(merged.applied);
  const auto waiting = joined(merged.waiting);
  log_.info("reloaded", {{"applied", ops::Plain{applied}}, {"needs_restart", ops::Plain{waiting}}});
  return {.file = file, .applied = std::move(merged.applied), .waiting = std::move(merged.waiting)};
}

api::ReloadReport Reloader::refuse(const std::string& file, std::vector<config::Problem> problems) const {
  for (const auto& problem : problems) {
    log_.warning("configuration_problem", {{"where", ops::Plain{problem.where}},
                                           {"what", ops::Plain{problem.message}},
                                           {"hint", ops::Plain{problem.hint}}});
  }
  log_.warning("reload_refused", {{"problems", problems.size()}});
  return {.file = file, .problems = std::move(problems)};
}

}  // namespace fleetsign::cli
