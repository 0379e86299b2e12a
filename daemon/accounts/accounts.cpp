// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/accounts.h"

#include <algorithm>

#include "daemon/accounts/scopes.h"
#include "daemon/upstream/token.h"

namespace fleetsign::accounts {

using protocol::Failure;
using protocol::Kind;

Accounts::Accounts(const std::map<std::string, config::Account>& accounts, state::Tokens& tokens, const Times& times,
                   std::optional<std::filesystem::path> credentials_directory)
    : times_(times), token_files_(std::move(credentials_directory)) {
  for (const auto& [name, account] : accounts) {
    if (account.access_token_file) {
      files_.emplace(name, *account.access_token_file);
    } else {
      managed_.emplace(name, std::make_shared<ManagedAccount>(name, tokens, alarms_[name], times_));
    }
  }
}

void Accounts::start(const Refresh& refresh, ops::Log& log) {
  for (const auto& [name, account] : managed_) {
    refreshers_.push_back(std::make_unique<Refresher>(account, alarms_.at(name), times_, refresh, log));
  }
}

void Accounts::end(protocol::Instant deadline) {
  // All are told before one is waited for: meanwhile the others would begin anew.
  for (const auto& refresher : refreshers_) refresher->end(protocol::Instant::min());
  for (const auto& refresher : refreshers_) refresher->end(deadline);
}

protocol::Result<upstream::Bearer> Accounts::token_of(const std::string& account, protocol::Instant deadline) const {
  if (const auto found = managed_.find(account); found != managed_.end()) return found->second->token(deadline);
  if (const auto found = files_.find(account); found != files_.end()) return token_files_.token_in(found->second);
  return Failure{.kind = Kind::state_unavailable,
                 .message = "there is no account of this name",
                 .hint = "the key `accounts` of the configuration names them"};
}

std::shared_ptr<ManagedAccount> Accounts::managed(const std::string& name) const {
  const auto found = managed_.find(name);
  return found != managed_.end() ? found->second : nullptr;
}

AccountReport Accounts::report_of_file(const std::string& name, const std::filesystem::path& file) const {
  AccountReport report{.name = name};
  const auto token = token_files_.token_in(file);
  if (!token) {
    report.state = AccountState::trouble;
    report.trouble = token.error().message;
    return report;
  }
  report.scopes = scopes_of(token->expose(), "");
  if (const auto claims = upstream::read_token(token->expose())) report.expires = claims->expires_at;
  const bool has_expired = report.expires && *report.expires <= times_.unix_now();
  report.state = has_expired ? AccountState::expired : AccountState::ok;
  return report;
}

AccountReport Accounts::report(const std::string& name) const {
  const auto found = managed_.find(name);
  return found != managed_.end() ? found->second->report() : report_of_file(name, files_.at(name));
}

std::vector<AccountReport> Accounts::reports() const {
  std::vector<AccountReport> reports;
  for (const auto& [name, file] : files_) reports.push_back(report_of_file(name, file));
  for (const auto& [name, account] : managed_) reports.push_back(account->report());
  std::ranges::sort(reports, {}, &AccountReport::name);
  return reports;
}

std::vector<std::string> Accounts::warnings() const {
  std::vector<std::string> warnings;
  for (const auto& [name, account] : managed_) {
    const auto report = account->report();
    const auto whose = "account " + name + ": ";
    if (report.state == AccountState::login_required) {
      warnings.push_back(whose + "a login is required; run `fleetsign login " + name + "`");
    } else if (!report.trouble.empty()) {
      warnings.push_back(whose + report.trouble);
    }
  }
  return warnings;
}

}  // namespace fleetsign::accounts
