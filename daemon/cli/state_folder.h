// SPDX-License-Identifier: Apache-2.0
// The state that sub-commands open, and where its owner can be asked.
#pragma once

#include <filesystem>
#include <memory>

#include "config/config.h"
#include "daemon/access/allowance.h"
#include "daemon/ops/audit_log.h"
#include "daemon/ops/log.h"
#include "daemon/state/error.h"
#include "daemon/state/hosts.h"
#include "daemon/state/spending.h"
#include "daemon/state/store.h"
#include "daemon/state/wakes.h"
#include "daemon/upstream/learned_hosts.h"
#include "daemon/vehicles/wake_budget.h"

namespace fleetsign::cli {

/// In the runtime directory that systemd gives, else beside state.db.
std::filesystem::path admin_socket(const config::Config& config);

/// Takes the folder, for a daemon or for a sub-command that is soon done with it; `report` is told what people should
/// know of it.
enum class Taker { daemon, subcommand };
state::Result<std::unique_ptr<state::Store>> open_state(const config::Config& config, Taker taker,
                                                        state::Store::Report report);

/// The daemon that has the state, and can be asked in its place; nothing where the state was not opened for another
/// reason, or the daemon has no admin socket.
std::optional<state::Owner> owner_to_ask(const config::Config& config, const state::Error& why);

/// Writes what people should know to the log, which outlives it.
state::Store::Report report_to(ops::Log& log);

/// Goes on with the audit that the configuration asks for; null when it asks for none. The store and the log outlive
/// it.
crypto::Result<std::unique_ptr<ops::AuditLog>, ops::AuditError> open_audit(const config::Config& config,
                                                                           state::Store& store, ops::Log& log);

/// In memory, and from run to run in `wakes`, which outlives them; also while nothing can be written there.
vehicles::WakeCounts wake_counts(state::Wakes& wakes);

/// In `spending`, which outlives it.
access::SpendingRecord spending_record(state::Spending& spending);

/// In `hosts`, which outlives it.
upstream::KeptHosts kept_hosts(state::Hosts& hosts);

}  // namespace fleetsign::cli
