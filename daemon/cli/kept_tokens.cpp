// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/kept_tokens.h"

#include <chrono>
#include <functional>
#include <utility>

#include "config/entry.h"
#include "daemon/accounts/accounts.h"
#include "daemon/accounts/managed_account.h"
#include "daemon/accounts/token_desk.h"
#include "daemon/cli/account_parts.h"
#include "daemon/cli/failures.h"
#include "daemon/cli/key.h"
#include "daemon/cli/owned_state.h"
#include "daemon/ops/clock.h"
#include "daemon/state/store.h"
#include "daemon/state/tokens.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kAccounts = "/admin/v1/accounts";
/// For changes: the daemon is to have answered before, or nobody knew whether it did them.
constexpr std::chrono::seconds kPatience{40};
static_assert(kPatience > accounts::ManagedAccount::kChangePatience);

using DeskWork = std::function<protocol::Result<Json>(const accounts::TokenDesk&)>;

/// What a desk does, as a task with the state does it.
auto by_desk(const config::Config& config, DeskWork work) {
  return [&config, work = std::move(work)](state::Store& store) -> RemoteResult<Json> {
    auto key = load_state_key(config);
    if (!key) return describe(key.error());
    state::Tokens tokens(store, *std::move(key));
    const accounts::Accounts kept(config.accounts, tokens, account_times(), credentials_directory());
    return to_remote(work(accounts::TokenDesk(kept, ops::unix_now)));
  };
}

std::string path_of(const std::string& name) {
  return std::string(kAccounts) + '/' + name;
}

std::string revocation_of(const std::string& name) {
  return path_of(name) + "/revocation";
}

/// As the rest of a sentence that says of one that there is none.
std::string known_accounts(const config::Config& config) {
  std::string names;
  for (const auto& [name, account] : config.accounts) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? ", and no other" : "; it has " + names;
}

}  // namespace

std::optional<RemoteError> refuse_account(const config::Config& config, const std::string& name) {
  const auto found = config.accounts.find(name);
  if (found == config.accounts.end()) {
    return RemoteError{
        .exit = kUsage,
        .message = config::name_of(config) + " has no account " + config::quote(name) + known_accounts(config),
        .hint =
            "--config FILE or FLEETSIGN_CONFIG names the daemon's configuration, else it is "
            "/etc/fleetsign/fleetsign.yaml if that exists; or add `accounts: {NAME: managed}` to it, "
            "and have the daemon started again"};
  }
  if (!found->second.access_token_file) return std::nullopt;
  return RemoteError{.exit = kUsage,
                     .message = "the token of " + name + " comes from a file that another program writes",
                     .hint = "write `accounts: {" + name + ": managed}` for fleetsign to keep its tokens itself"};
}

RemoteResult<Json> list_tokens(const config::Config& config, WithoutState without_state) {
  return carry_out(config,
                   {.call = {.method = "GET", .target = kAccounts},
                    .work = by_desk(config, [](const auto& desk) -> protocol::Result<Json> { return desk.all(); }),
                    .may_make_state = without_state == WithoutState::makes_it});
}

std::optional<RemoteError> keep_tokens(const config::Config& config, const std::string& name,
                                       const accounts::RefreshToken& refresh, const accounts::Grant* grant) {
  Json body{{"refresh_token", refresh.expose()}};
  if (grant != nullptr) {
    body["access_token"] = grant->access.expose();
    body["expires_in"] = grant->lifetime.count();
  }
  const auto kept =
      carry_out(config, {.call = {.method = "PUT", .target = path_of(name), .body = body.dump(), .patience = kPatience},
                         .work = by_desk(config, [&](const auto& desk) { return desk.store(name, body.dump()); }),
                         .may_make_state = true});
  return kept ? std::nullopt : std::optional(kept.error());
}

std::optional<RemoteError> forget_tokens(const config::Config& config, const std::string& name) {
  const auto forgotten =
      carry_out(config, {.call = {.method = "DELETE", .target = path_of(name), .patience = kPatience},
                         .work = by_desk(config, [&](const auto& desk) { return desk.forget(name); })});
  return forgotten ? std::nullopt : std::optional(forgotten.error());
}

RemoteResult<std::optional<accounts::RefreshToken>> begin_revocation(const config::Config& config,
                                                                     const std::string& name) {
  const auto begun =
      carry_out(config, {.call = {.method = "POST", .target = revocation_of(name), .patience = kPatience},
                         .work = by_desk(config, [&](const auto& desk) { return desk.begin_revocation(name); })});
  if (!begun) return begun.error();
  return accounts::RefreshToken::read(text_in(*begun, "refresh_token"));
}

RemoteResult<bool> forget_revoked(const config::Config& config, const std::string& name,
                                  const accounts::RefreshToken& token) {
  const auto body = Json{{"refresh_token", token.expose()}}.dump();
  const auto ended =
      carry_out(config, {.call = {.method = "PUT", .target = revocation_of(name), .body = body, .patience = kPatience},
                         .work = by_desk(config, [&](const auto& desk) { return desk.forget_revoked(name, body); })});
  if (!ended) return ended.error();
  return ended->value("forgotten", Json()) == true;
}

void call_off_revocation(const config::Config& config, const std::string& name) {
  (void)carry_out(config, {.call = {.method = "DELETE", .target = revocation_of(name)},
                           .work = by_desk(config, [&](const auto& desk) { return desk.call_off_revocation(name); })});
}

}  // namespace fleetsign::cli
