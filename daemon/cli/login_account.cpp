// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/login_account.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "daemon/cli/kept_tokens.h"

namespace fleetsign::cli {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kLogIn = "`fleetsign login ACCOUNT`";

constexpr const char* kStart = "start the daemon, which gets an access token";

/// The first that fits counts.
constexpr AccountRow kAccountRows[] = {
    {"ok", "its token can be used", "", {}, false},
    {"expired", "its token has expired, and no daemon runs that would refresh it", kStart, Keeper::nobody, false},
    {"expired", "the token in its file has expired", "see why the program that writes the file has not written another",
     Keeper::other_program, false},
    {"expired",
     "its token has expired and could not be refreshed so far",
     "look at the trouble, and at the network",
     {},
     false},
    {"imported", "its refresh token has not been tried yet", kStart, Keeper::nobody, false},
    {"imported", "its refresh token has not been tried yet", "the daemon does it: look again in a moment", {}, false},
    {"login_required", "its owner has to log in again", kLogIn, {}, true},
    {"none", "nobody has logged in yet", kLogIn, {}, true},
    {"trouble", "its token cannot be read or written", "`fleetsign token status` says more", {}, false},
};

}  // namespace

const AccountRow* row_of_account(std::string_view state, std::optional<Keeper> keeper) {
  const auto* const row = std::ranges::find_if(kAccountRows, [&](const AccountRow& each) {
    return each.state == state && (!each.keeper || each.keeper == keeper);
  });
  return row == std::end(kAccountRows) ? nullptr : row;
}

std::string advice_for(const AccountRow& row, const std::string& name) {
  constexpr std::string_view kName = "ACCOUNT";
  std::string advice = row.advice;
  if (const auto at = advice.find(kName); at != std::string::npos) advice.replace(at, kName.size(), name);
  return advice;
}

std::optional<RemoteError> refuse_login(const config::Config& config, const std::string& name) {
  if (auto refused = refuse_account(config, name)) return refused;
  const auto listed = list_tokens(config, WithoutState::makes_it);  // only then is it known that it can be
  if (!listed) return listed.error();
  const auto accounts = listed->value("accounts", Json::array());
  const bool is_kept = std::ranges::any_of(accounts, [&](const Json& account) {
    return text_in(account, "name") == name && text_in(account, "kind") == "managed";
  });
  if (is_kept) return std::nullopt;
  return RemoteError{.exit = kFailed,
                     .message = "the running daemon keeps no tokens of " + name + ": it has read another configuration",
                     .hint = "restart the daemon with this configuration, and try again"};
}

std::vector<std::string> missing_scopes(const config::OAuth& oauth, const std::string& granted) {
  std::vector<std::string> missing;
  if (granted.empty()) return missing;
  const auto has = [padded = ' ' + granted + ' '](const std::string& scope) {
    return scope == "openid" || scope == "offline_access" || padded.find(' ' + scope + ' ') != std::string::npos;
  };
  std::ranges::remove_copy_if(oauth.scopes, std::back_inserter(missing), has);
  return missing;
}

}  // namespace fleetsign::cli
