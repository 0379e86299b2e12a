// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/cli/daemon.h"
#include "daemon/cli/endpoints.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/joined.h"
#include "daemon/cli/key.h"
#include "daemon/cli/reloader.h"
#include "daemon/cli/settings.h"
#include "daemon/cli/state_folder.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/process.h"
#include "daemon/ops/service.h"

namespace fleetsign::cli {
namespace {

/// Connections are not all: there are files, and the way to Fleet API.
constexpr std::size_t kOtherDescriptors = 100;

void allow_connections(std::size_t connections, ops::Log& log) {
  const std::size_t allowed = ops::raise_descriptor_limit();
  if (allowed >= connections && allowed - connections >= kOtherDescriptors) return;
  log.warning("few_descriptors", {{"limits.connections", connections},
                                  {"allowed", allowed},
                                  {"hint", ops::Plain{"raise LimitNOFILE= or lower limits.connections"}}});
}

int serve(const Settings& settings, bool only_check) {
  const ops::TerminationSignals signals(ops::TerminationSignals::Hangup::is_told);
  ops::protect_memory();
  const auto loaded = load_for_daemon(settings);
  if (!loaded.problems.empty()) return fail(loaded.problems);
  auto keys = load_keys(loaded.config);
  if (!keys) return fail(keys.error());
  auto token_key = load_state_key(loaded.config);
  if (!token_key) return fail(token_key.error());
  if (only_check) {
    if (const auto unusable = refuse_unusable_tls(loaded.config.listen)) return fail(*unusable);
    return print("the configuration, the key and the certificates are fine\n");
  }
  auto log = make_log(loaded.config.log);
  ops::Service service(log);
  allow_connections(loaded.config.limits.connections, log);
  auto store = open_state(loaded.config, Taker::daemon, report_to(log));
  if (!store) return fail(store.error());
  auto audit = open_audit(loaded.config, **store, log);
  if (!audit) return fail(audit.error());
  Reloader reloader(settings, loaded, log);
  // Whoever asks for it: a signal, or an owner over the admin socket.
  const auto reload = [&](Daemon& running) {
    const auto told = service.reloading();
    return reloader.reload(running);
  };
  auto daemon = Daemon::start(loaded.config, *std::move(keys),
                              {*std::move(store), *std::move(audit), *std::move(token_key)}, log, reload);
  if (!daemon) return fail(daemon.error());
  for (const auto& url : (*daemon)->urls()) {
    if (const int status = print("ready " + url + '\n'); status != kDone) return status;
  }

  service.ready("serving " + joined((*daemon)->urls()));
  const ops::Watchdog watchdog(service, log,
                               [&](std::chrono::milliseconds patience) { return (*daemon)->find_stuck(patience); });

  int signal = signals.wait();
  for (; signal == SIGHUP; signal = signals.wait()) reload(**daemon);
  log.info("stopping", {{"signal", signal}});
  service.stopping(loaded.config.shutdown_timeout);
  (*daemon)->stop();
  log.info("stopped");
  return kDone;
}

}  // namespace

Action prepare_serve(CLI::App& options) {
  auto settings = std::make_shared<Settings>(options);
  auto only_check = std::make_shared<bool>(false);
  options.add_flag("--check", *only_check, "Only check the configuration, the key and the certificates");
  return [=] { return serve(*settings, *only_check); };
}

}  // namespace fleetsign::cli
