// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/reloader.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "config/merge.h"
#include "daemon/access/callers.h"
#include "daemon/cli/joined.h"

namespace fleetsign::cli {
namespace {

/// A pipe or a socket, from which the whole of it has come already.
bool waits_for_a_writer(const std::filesystem::path& file) {
  std::error_code failed;
  const auto type = std::filesystem::status(file, failed).type();
  return type == std::filesystem::file_type::fifo || type == std::filesystem::file_type::socket;
}

/// What a file looks like while somebody writes it, and hardly one on purpose: it would drop all rules of callers.
std::optional<config::Problem> find_unfinished(const config::Loaded& before, const config::Loaded& now) {
  const auto has_gone = [&](const char* key) { return before.in_file.contains(key) && !now.in_file.contains(key); };
  const auto where = path_of(now.config);
  const std::string hint = "write the whole of it to another file, and rename that; then reload again";
  if (!before.in_file.empty() && now.in_file.empty()) {
    return config::Problem{.where = where, .message = "there is nothing in it any more", .hint = hint};
  }
  if (has_gone("key_file") && !now.config.key_file) {
    return config::Problem{.where = where, .message = "it names no key_file any more", .hint = hint};
  }
  if (has_gone("callers") && !before.config.callers.empty()) {
    return config::Problem{.where = where,
                           .message = "it has no callers any more, which would drop their rules",
                           .hint = "if that is meant, write `callers: []`; else " + hint};
  }
  return std::nullopt;
}

}  // namespace

std::string path_of(const config::Config& config) {
  if (!config.file) return {};
  std::error_code failed;
  const auto whole = std::filesystem::absolute(*config.file, failed);
  return (failed ? *config.file : whole.lexically_normal()).string();
}

config::Loaded load_for_daemon(const Settings& settings, const std::optional<std::filesystem::path>& before) {
  auto loaded = settings.load(before);
  if (!loaded.problems.empty()) return loaded;
  loaded.problems = access::find_unknown_peers(loaded.config.callers);
  return loaded;
}

api::ReloadReport Reloader::reload(Daemon& daemon) {
  const std::lock_guard lock(mutex_);
  try {
    return take_over(daemon);
  } catch (const std::exception& error) {
    return refuse(path_of(running_.config), {{.where = path_of(running_.config),
                                              .message = std::string("it cannot be taken over: ") + error.what(),
                                              .hint = "nothing has changed; try it again"}});
  }
}

api::ReloadReport Reloader::take_over(Daemon& daemon) {
  const auto& before = running_.config.file;
  if (before && waits_for_a_writer(*before)) {
    return refuse(path_of(running_.config), {{.where = before->string(),
                                              .message = "it is no regular file, and could be read once only",
                                              .hint = "restart the daemon"}});
  }
  auto fresh = load_for_daemon(settings_, before);
  const auto file = path_of(fresh.config);
  if (!fresh.problems.empty()) return refuse(file, std::move(fresh.problems));
  if (auto problem = find_unfinished(running_, fresh)) return refuse(file, {*std::move(problem)});
  auto merged = config::merge(running_, fresh);
  if (!merged.running.problems.empty()) return refuse(file, std::move(merged.running.problems));
  daemon.apply(merged.running.config);
  running_ = std::move(merged.running);
  running_.in_file = std::move(fresh.in_file);
  configure(log_, running_.config.log);
  const auto applied = joined(merged.applied, ",");
  const auto waiting = joined(merged.waiting, ",");
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
