// SPDX-License-Identifier: Apache-2.0
// Tokens for callers who bring none: those that other programs keep in files, and those that are kept here.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/accounts/account_report.h"
#include "daemon/accounts/alarm.h"
#include "daemon/accounts/managed_account.h"
#include "daemon/accounts/refresher.h"
#include "daemon/accounts/token_files.h"
#include "daemon/ops/log.h"
#include "daemon/state/tokens.h"
#include "daemon/upstream/fleet_api.h"
#include "protocol/failure.h"

namespace fleetsign::accounts {

/// Safe to use from many threads, but for start().
class Accounts {
 public:
  /// The tokens outlive it. A credentials directory as TokenFiles has it. Nothing is refreshed before start().
  Accounts(const std::map<std::string, config::Account>& accounts, state::Tokens& tokens, const Times& times,
           std::optional<std::filesystem::path> credentials_directory = {});

  /// Refreshes what is managed from now on, before it is needed, until this ends. The log outlives it.
  /// `refresh` is called from a thread for each account.
  void start(const Refresh& refresh, ops::Log& log);
  /// Begins no other refresh; returns when those that are under way are over and written, or at the deadline.
  void end(protocol::Instant deadline);

  /// The token of an account for a request that is made now. Waits, until the deadline, where there is none that has
  /// not expired and one is on its way. Kind::login_required where somebody has to log in first,
  /// Kind::state_unavailable where there is no token for another reason.
  [[nodiscard]] protocol::Result<upstream::Bearer> token_of(const std::string& account,
                                                            protocol::Instant deadline) const;

  /// Of an account that there is.
  [[nodiscard]] AccountReport report(const std::string& name) const;
  /// Of all accounts, by name.
  [[nodiscard]] std::vector<AccountReport> reports() const;
  /// What people should know of the managed ones, with their names.
  [[nodiscard]] std::vector<std::string> warnings() const;

  /// Null when there is none of that name that is managed.
  [[nodiscard]] std::shared_ptr<ManagedAccount> managed(const std::string& name) const;
  /// Whether there is one, managed or not.
  [[nodiscard]] bool has(const std::string& name) const { return files_.contains(name) || managed_.contains(name); }
  [[nodiscard]] const std::map<std::string, std::shared_ptr<ManagedAccount>>& all_managed() const { return managed_; }

 private:
  [[nodiscard]] AccountReport report_of_file(const std::string& name, const std::filesystem::path& file) const;

  const Times times_;
  TokenFiles token_files_;
  std::map<std::string, Alarm> alarms_{};  // of the managed ones
  std::map<std::string, std::filesystem::path> files_{};
  std::map<std::string, std::shared_ptr<ManagedAccount>> managed_{};
  std::vector<std::unique_ptr<Refresher>> refreshers_{};  // none: nothing is refreshed
};

}  // namespace fleetsign::accounts
