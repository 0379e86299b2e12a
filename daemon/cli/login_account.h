// SPDX-License-Identifier: Apache-2.0
// The account that an owner logs in for, before and after.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/cli/remote.h"

namespace fleetsign::cli {

/// Why tokens that somebody is about to get could not be kept: as the configuration has it, or as the running daemon
/// does, which may have read another. Nothing when they can be.
std::optional<RemoteError> refuse_login(const config::Config& config, const std::string& name);

}  // namespace fleetsign::cli
