// SPDX-License-Identifier: Apache-2.0
// What is told of a managed account: to its administrators, and to callers who get no token of it.
#include "daemon/accounts/account_report.h"

#include <algorithm>

#include "daemon/accounts/managed_account.h"
#include "daemon/accounts/refresh_times.h"
#include "daemon/accounts/trouble_words.h"

namespace fleetsign::accounts {

using protocol::Failure;
using protocol::Kind;
using std::chrono::seconds;

std::optional<Failure> ManagedAccount::hopeless() const {
  const auto account = "the account " + name_;
  if (unreadable_) {
    return Failure{.kind = Kind::state_unavailable,
                   .message = account + " cannot be used: " + describe(*unreadable_),
                   .hint = hint_for(*unreadable_)};
  }
  if (unwritten_ && !unwritten_->kept.login_required && !is_busy_) {
    return Failure{.kind = Kind::state_unavailable,
                   .message = account + " has new tokens that cannot be written: they are not used before that"};
  }
  if (could_not_write_ && !unwritten_ && !is_busy_ && held_ && !held_->kept.login_required) {
    return Failure{
        .kind = Kind::state_unavailable,
        .message = account + " needs another token, and its tokens cannot be written: none is asked for before that",
        .hint = "see what is wrong with the disk of `state_dir`"};
  }
  if (held_ && !held_->kept.login_required) return std::nullopt;
  return Failure{.kind = Kind::login_required,
                 .message = held_ ? account + " needs a login: Tesla does not take its refresh token any more"
                                  : account + " has no tokens yet",
                 .hint = "run `fleetsign login " + name_ + "` where the daemon runs"};
}

Failure ManagedAccount::not_yet() const {
  const auto now = times_.now();
  const auto left = std::chrono::ceil<seconds>(std::max(not_before(), now) - now);
  return {.kind = Kind::state_unavailable,
          .message = "the token of the account " + name_ + " has expired, and there is no new one yet" +
                     (failure_ ? ": " + failure_->message : ""),
          .hint = failure_ && !failure_->hint.empty() ? failure_->hint
                                                      : "see that the OAuth server can be reached; it is asked again",
          .retry_after = static_cast<int>(std::clamp(left, seconds(1), kLongestRetry).count())};
}

AccountReport ManagedAccount::report() {
  const Lock lock(mutex_);
  load();
  AccountReport report{.name = name_, .is_managed = true, .state = state(), .trouble = trouble()};
  if (!held_) return report;
  if (!held_->kept.access.empty()) report.expires = held_->kept.expires;
  report.scopes = held_->kept.scopes;
  report.refreshed = held_->kept.refreshed;
  report.is_encrypted = held_->kept.is_encrypted && !tokens_.is_plain_left();
  return report;
}

AccountState ManagedAccount::state() const {
  if (unreadable_ || (unwritten_ && !unwritten_->kept.login_required && !is_busy_)) return AccountState::trouble;
  if (!held_) return AccountState::none;
  if (held_->kept.login_required) return AccountState::login_required;
  if (is_good()) return AccountState::ok;
  return held_->kept.access.empty() && !failure_ ? AccountState::imported : AccountState::expired;
}

std::string ManagedAccount::trouble() const {
  if (unreadable_) return describe(*unreadable_);
  if (could_not_write_) return "its tokens cannot be written";
  if (tokens_.is_plain_left())
    return "tokens in plain text could not be taken out of the state yet, which another program reads";
  return failure_ ? failure_->message : "";
}

ManagedAccount::Counts ManagedAccount::counts() const {
  const Lock lock(mutex_);
  return counts_;
}

}  // namespace fleetsign::accounts
