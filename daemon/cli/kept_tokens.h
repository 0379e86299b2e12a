// SPDX-License-Identifier: Apache-2.0
// The tokens of managed accounts, where they are kept: in the running daemon, else in its state.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/config.h"
#include "daemon/accounts/hidden.h"
#include "daemon/accounts/token_endpoint.h"
#include "daemon/cli/remote.h"

namespace fleetsign::cli {

/// Why tokens cannot be kept for an account: it is not in the configuration, or another program keeps them. Nothing
/// when they can be.
std::optional<RemoteError> refuse_account(const config::Config& config, const std::string& name);

/// {accounts: […]}, as accounts::TokenDesk::all() has them.
RemoteResult<nlohmann::ordered_json> list_tokens(const config::Config& config);

/// Keeps a refresh token, and what else is in the grant where there is one, in place of the tokens of before: durable
/// when it returns. Nothing when it is done.
std::optional<RemoteError> keep_tokens(const config::Config& config, const std::string& name,
                                       const accounts::RefreshToken& refresh, const accounts::Grant* grant = nullptr);

/// Forgets the tokens of an account. The refresh token there was; nothing where it could not be read.
RemoteResult<std::optional<accounts::RefreshToken>> forget_tokens(const config::Config& config,
                                                                  const std::string& name);

}  // namespace fleetsign::cli
