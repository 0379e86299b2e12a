// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/login_account.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "daemon/cli/kept_tokens.h"

namespace fleetsign::cli {

using Json = nlohmann::ordered_json;

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
