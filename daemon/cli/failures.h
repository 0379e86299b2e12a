// SPDX-License-Identifier: Apache-2.0
// The reasons of other modules as messages and exit statuses.
#pragma once

#include <vector>

#include "config/problem.h"
#include "crypto/private_key.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/subcommand.h"
#include "daemon/http/listener.h"
#include "daemon/ops/audit_file.h"
#include "daemon/state/error.h"
#include "protocol/failure.h"

namespace fleetsign::cli {

/// The reason with its exit status, for what is told later or elsewhere.
RemoteError describe(const crypto::KeyError& error);
RemoteError describe(const state::Error& error);

/// Prints the reason and returns the exit status for it.
int fail(const crypto::KeyError& error);
int fail(const http::ListenError& error);
int fail(const ops::AuditError& error);
int fail(const state::Error& error);
/// Prints every problem; the exit status is that of the first.
int fail(const std::vector<config::Problem>& problems);

/// For a kind of failure whose exit status depends on who asked.
int fail(Exit exit, const protocol::Failure& failure);

}  // namespace fleetsign::cli
