// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/login_account.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/cli/kept_tokens.h"

namespace fleetsign::cli {

using Json = nlohmann::ordered_json;

std::optional<RemoteError> refuse_login(const config::Config& config, const std::string& name) {
  if (auto refused = refuse_account(config, name)) return refused;
  const auto listed = list_tokens(config);
  if (!listed && listed.error().exit == kNoInput) return std::nullopt;  // the state is made when there are tokens
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

}  // namespace fleetsign::cli
