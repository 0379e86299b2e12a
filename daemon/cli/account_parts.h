// SPDX-License-Identifier: Apache-2.0
// What accounts need of the world, for the daemon and for sub-commands without one.
#pragma once

#include "config/config.h"
#include "daemon/accounts/managed_account.h"
#include "daemon/upstream/client.h"

namespace fleetsign::cli {

/// As this machine has them.
accounts::Times account_times();

/// Asks the OAuth server that the configuration names, through the client, which outlives it; for at most half a
/// minute.
accounts::Refresh refresh_through(upstream::Client& client, const config::Config& config);

}  // namespace fleetsign::cli
