// SPDX-License-Identifier: Apache-2.0
// How an account is, for people and programs. Nothing in it is a secret.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleetsign::accounts {

enum class AccountState : std::uint8_t {
  ok,              ///< its token can be used
  expired,         ///< it could not be refreshed in time so far
  login_required,  ///< nothing is asked of the OAuth server until somebody logs in
  none,            ///< nobody has logged in yet
  trouble,         ///< its tokens cannot be read or written
  imported,        ///< it has a refresh token alone, which has not been tried yet
};

inline std::string_view to_string(AccountState state) {
  constexpr std::string_view kNames[] = {"ok", "expired", "login_required", "none", "trouble", "imported"};
  return kNames[static_cast<std::size_t>(state)];
}

/// Times in Unix seconds.
struct AccountReport {
  std::string name;
  bool is_managed = false;  ///< else another program writes its token to a file
  AccountState state = AccountState::none;
  std::optional<std::int64_t> expires = {};    ///< of the access token, where that is known
  std::string scopes = {};                     ///< separated by spaces
  std::optional<std::int64_t> refreshed = {};  ///< when its tokens came
  std::string trouble = {};                    ///< what went wrong last, in words; empty: nothing
  bool is_encrypted = false;                   ///< in the state
};

}  // namespace fleetsign::accounts
