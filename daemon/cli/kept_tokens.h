// SPDX-License-Identifier: Apache-2.0
// The tokens of managed accounts, where they are kept: in the running daemon, else in its state.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "config/config.h"
#include "daemon/accounts/hidden.h"
#include "daemon/accounts/managed_account.h"
#include "daemon/accounts/token_endpoint.h"
#include "daemon/cli/remote.h"

namespace fleetsign::cli {

/// Why tokens cannot be kept for an account: it is not in the configuration, or another program keeps them. Nothing
/// when they can be.
std::optional<RemoteError> refuse_account(const config::Config& config, const std::string& name);

/// {accounts: […]}, as accounts::TokenDesk::all() has them. Where there is no state, and no daemon, that is an error,
/// or it is made.
enum class WithoutState { fails, makes_it };
RemoteResult<nlohmann::ordered_json> list_tokens(const config::Config& config,
                                                 WithoutState without_state = WithoutState::fails);

/// Keeps a refresh token, and what else is in the grant where there is one, in place of the tokens of before: durable
/// when it returns. Nothing when it is done.
std::optional<RemoteError> keep_tokens(const config::Config& config, const std::string& name,
                                       const accounts::RefreshToken& refresh, const accounts::Grant* grant = nullptr);

/// Forgets the tokens of an account. What went wrong, or nothing.
std::optional<RemoteError> forget_tokens(const config::Config& config, const std::string& name);

/// How long the next one gives whoever revokes a token: until then it is not refreshed.
inline constexpr auto kRevocationTime = accounts::ManagedAccount::kRevocationTime;
/// The refresh token that is to be revoked, which is kept until then; nothing where what is kept is none.
RemoteResult<std::optional<accounts::RefreshToken>> begin_revocation(const config::Config& config,
                                                                     const std::string& name);
/// Forgets the tokens that were revoked: false where others took their place meanwhile, which are kept.
RemoteResult<bool> forget_revoked(const config::Config& config, const std::string& name,
                                  const accounts::RefreshToken& token);
/// They are refreshed again. Where that cannot be said, they are after kRevocationTime.
void call_off_revocation(const config::Config& config, const std::string& name);

}  // namespace fleetsign::cli
