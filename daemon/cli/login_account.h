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
/// does, which may have read another; or as the state is, which is made where there is none. Nothing when they can be.
std::optional<RemoteError> refuse_login(const config::Config& config, const std::string& name);

/// Those of `oauth.scopes` that are not among the granted ones, which are separated by spaces; none where it is not
/// known what was granted. What only a login itself needs is left out.
std::vector<std::string> missing_scopes(const config::OAuth& oauth, const std::string& granted);

}  // namespace fleetsign::cli
