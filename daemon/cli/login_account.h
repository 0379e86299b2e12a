// SPDX-License-Identifier: Apache-2.0
// The account that an owner logs in for, before and after.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/cli/remote.h"

namespace fleetsign::cli {

/// Why tokens that somebody is about to get could not be kept: as the configuration has it, or as the running daemon
/// does, which may have read another; or as the state is, which is made where there is none. Nothing when they can be.
std::optional<RemoteError> refuse_login(const config::Config& config, const std::string& name);

/// What would change the state of an account by itself.
enum class Keeper : std::uint8_t { daemon, nobody, other_program };

/// What is said of accounts in one state.
struct AccountRow {
  std::string_view state;  ///< as accounts::AccountState has it
  const char* says;
  const char* advice;            ///< empty: all is well; see advice_for()
  std::optional<Keeper> keeper;  ///< without: whichever
  bool needs_login;
};
/// Null for a state that nobody knows. Without a keeper: what holds for any.
const AccountRow* row_of_account(std::string_view state, std::optional<Keeper> keeper = {});
/// What to do about an account of this name.
std::string advice_for(const AccountRow& row, const std::string& name);

/// Those of `oauth.scopes` that are not among the granted ones, which are separated by spaces; none where it is not
/// known what was granted. What only a login itself needs is left out.
std::vector<std::string> missing_scopes(const config::OAuth& oauth, const std::string& granted);

}  // namespace fleetsign::cli
