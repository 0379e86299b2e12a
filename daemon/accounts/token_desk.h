// SPDX-License-Identifier: Apache-2.0
// Which tokens accounts have, for their administrators: in the same words from the daemon and from a sub-command
// without one.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/accounts/accounts.h"
#include "protocol/failure.h"

namespace fleetsign::accounts {

/// Safe to use from many threads.
class TokenDesk {
 public:
  /// The accounts outlive it. `unix_now` gives seconds, and may be called from many threads.
  TokenDesk(const Accounts& accounts, std::function<std::int64_t()> unix_now)
      : accounts_(accounts), unix_now_(std::move(unix_now)) {}

  /// {accounts: [{name, kind, state, expires, scopes, refreshed, trouble, encrypted}]}, by name: `kind` is managed or
  /// file, `state` as AccountState has it, times are in Unix seconds, and what is not known is null.
  [[nodiscard]] nlohmann::ordered_json all() const;

  /// Of a JSON object {refresh_token, access_token, expires_in, scope}, where all but the first are optional: its
  /// account as all() has it. The tokens take the place of those there were, are durable, and are refreshed from now
  /// on; an access token is used where it says, or `expires_in` does, how long it is good.
  [[nodiscard]] protocol::Result<nlohmann::ordered_json> store(const std::string& name, std::string_view body) const;

  /// {name, refresh_token}: whose tokens are forgotten; the newest one so that it can be revoked, or null where
  /// what was kept is none. It is a secret. Tokens that cannot be read are not forgotten.
  [[nodiscard]] protocol::Result<nlohmann::ordered_json> forget(const std::string& name) const;

  // A revocation, as ManagedAccount has it.

  /// {name, refresh_token}: what is to be revoked; as forget() has it, but nothing is forgotten yet.
  [[nodiscard]] protocol::Result<nlohmann::ordered_json> begin_revocation(const std::string& name) const;
  /// Of a JSON object {refresh_token}, which was revoked: {name, forgotten}, where `forgotten` is false if other tokens
  /// took its place meanwhile.
  [[nodiscard]] protocol::Result<nlohmann::ordered_json> forget_revoked(const std::string& name,
                                                                        std::string_view body) const;
  /// Its account as all() has it.
  [[nodiscard]] protocol::Result<nlohmann::ordered_json> call_off_revocation(const std::string& name) const;

 private:
  [[nodiscard]] protocol::Result<std::shared_ptr<ManagedAccount>> find(const std::string& name) const;

  const Accounts& accounts_;
  std::function<std::int64_t()> unix_now_;
};

/// As TokenDesk::all() has it.
nlohmann::ordered_json describe(const AccountReport& report);

}  // namespace fleetsign::accounts
