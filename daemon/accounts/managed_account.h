// SPDX-License-Identifier: Apache-2.0
// An account whose tokens are kept and refreshed here: what it has, who waits for it, and what is to be done next.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "daemon/accounts/account_report.h"
#include "daemon/accounts/alarm.h"
#include "daemon/accounts/token_endpoint.h"
#include "daemon/ops/log.h"
#include "daemon/state/tokens.h"
#include "daemon/upstream/fleet_api.h"
#include "protocol/failure.h"
#include "protocol/time.h"

namespace fleetsign::accounts {

/// What tells times and makes them uneven. All may be called from many threads.
struct Times {
  std::function<protocol::Instant()> now;  ///< never goes back
  std::function<std::int64_t()> unix_now;  ///< seconds
  std::function<double()> random;          ///< from 0 up to, but not including, 1
};

/// New tokens for a refresh token; takes a bounded time.
using Refresh = std::function<crypto::Result<Grant, TokenError>(const RefreshToken&)>;

/// Safe to use from many threads. Tokens are used once they are durable, never before: after a power cut the daemon
/// has those that the OAuth server takes.
class ManagedAccount final : public upstream::Renewal, public std::enable_shared_from_this<ManagedAccount> {
 public:
  /// How long a change by people waits for a refresh that is under way, which takes half a minute at most.
  static constexpr protocol::Duration kChangePatience = std::chrono::seconds(35);
  /// How long nothing is refreshed while tokens are revoked, should nobody say what became of that.
  static constexpr protocol::Duration kRevocationTime = std::chrono::seconds(60);
  /// What cannot be written, or read, is tried again so often.
  static constexpr protocol::Duration kRetry = std::chrono::seconds(1);
  /// Likewise plain text that others read; while that is tried, those who write wait for some seconds.
  static constexpr protocol::Duration kClearRetry = std::chrono::minutes(1);

  /// The tokens and the alarm, which rings when there is something to do, outlive it.
  ManagedAccount(std::string name, state::Tokens& tokens, Alarm& alarm, Times times)
      : name_(std::move(name)), tokens_(tokens), alarm_(alarm), times_(std::move(times)) {}

  [[nodiscard]] const std::string& name() const { return name_; }

  /// A token that has not expired. While there is none, waits for a refresh until the deadline, but not where that is
  /// in vain: Kind::login_required, or Kind::state_unavailable.
  [[nodiscard]] protocol::Result<upstream::Bearer> token(protocol::Instant deadline);

  [[nodiscard]] std::optional<upstream::Bearer> newest() override;
  [[nodiscard]] std::optional<upstream::Bearer> renew(const upstream::Bearer& refused,
                                                      protocol::Instant deadline) override;

  /// Does what is due, if anything is, and returns when to come back: Instant::max() for when the alarm rings. For one
  /// thread.
  [[nodiscard]] protocol::Instant step(const Refresh& refresh, ops::Log& log);

  // Changes by people. Each waits for a refresh that is under way, up to kChangePatience: Kind::state_unavailable, and
  // nothing is done, when it takes longer.

  /// In place of whatever tokens there are; the times in it are those of `tokens`. Nothing when they are durable.
  [[nodiscard]] std::optional<protocol::Failure> store(state::KeptTokens tokens);
  /// Forgets the tokens, and returns the refresh token, where what is kept is one. Kind::not_found without any tokens;
  /// Kind::state_unavailable where they cannot be read: they stay, for whoever finds their key.
  [[nodiscard]] protocol::Result<std::optional<RefreshToken>> forget();

  /// The newest refresh token, where what is kept is one, for somebody to revoke it; fails as forget() does. Nothing is
  /// refreshed from now on, as the revocation would not reach what came of that, until one of the next two is called or
  /// kRevocationTime is over.
  [[nodiscard]] protocol::Result<std::optional<RefreshToken>> begin_revocation();
  /// Forgets the tokens that were revoked: whether they are gone. Others that took their place meanwhile stay.
  [[nodiscard]] protocol::Result<bool> forget_revoked(const RefreshToken& token);
  /// As if none had begun.
  void call_off_revocation();

  [[nodiscard]] AccountReport report();

  /// How often a refresh has brought tokens, and how often it has not.
  struct Counts {
    std::uint64_t done = 0;
    std::uint64_t failed = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  class Busy;

  /// Tokens, and when by our clock what is to happen with them.
  struct Held {
    state::KeptTokens kept;
    protocol::Instant until;       ///< the access token's end; Instant::min() without one
    protocol::Instant refresh_at;  ///< before that
    protocol::Instant since;       ///< when they came
    int refusals = 0;              ///< of Fleet API's, one soon after the other, that led to them
  };

  // All with mutex_ held; those that take the lock give it back while they wait for a disk or a network.
  void load();
  [[nodiscard]] Held hold(state::KeptTokens tokens, std::optional<protocol::Instant> asked_at) const;
  [[nodiscard]] bool is_good() const;
  [[nodiscard]] std::optional<upstream::Bearer> bearer();
  [[nodiscard]] std::optional<protocol::Failure> hopeless() const;
  [[nodiscard]] protocol::Failure not_yet() const;
  [[nodiscard]] AccountState state() const;
  [[nodiscard]] std::string trouble() const;
  void want();
  void wait(Lock& lock, protocol::Instant deadline);
  [[nodiscard]] std::optional<protocol::Failure> wait_until_idle(Lock& lock);
  /// That there are tokens to forget; as wait_until_idle() before.
  [[nodiscard]] std::optional<protocol::Failure> find_kept(Lock& lock);
  [[nodiscard]] std::optional<RefreshToken> newest_refresh() const;
  [[nodiscard]] std::optional<protocol::Failure> erase(Lock& lock);
  /// When the OAuth server may be asked at the earliest.
  [[nodiscard]] protocol::Instant not_before() const;
  [[nodiscard]] protocol::Instant refresh_due() const;
  [[nodiscard]] protocol::Instant due() const;
  /// Whether what was written before there was a key still is as it was, or to be found.
  [[nodiscard]] bool is_to_encrypt() const;
  void encrypt(Lock& lock, ops::Log& log);
  [[nodiscard]] bool can_write(Lock& lock, ops::Log& log);
  void ask(Lock& lock, const Refresh& refresh, ops::Log& log);
  void adopt(const Grant& grant, protocol::Instant asked_at);
  void note_failure(const TokenError& error, ops::Log& log);
  /// Once, until there are other tokens.
  void tell_of_login(const std::string& why, ops::Log& log);
  void write(Lock& lock, ops::Log& log);
  void note_write(bool is_kept, ops::Log& log);
  void use(Held held);

  const std::string name_;
  state::Tokens& tokens_;
  Alarm& alarm_;
  const Times times_;

  mutable std::mutex mutex_{};  // guards the rest
  std::condition_variable changed_{};
  bool is_loaded_ = false;
  protocol::Instant next_load_ = protocol::Instant::min();
  std::optional<state::Tokens::Trouble> unreadable_{};
  std::optional<state::Tokens::Trouble> told_{};  // to the log
  bool is_login_told_ = false;                    // likewise, that one is required
  std::optional<Held> held_{};                    // as the file has them
  std::optional<Held> unwritten_{};               // what the file is to have; no token of it is used
  protocol::Instant next_write_ = protocol::Instant::min();
  bool could_not_write_ = false;
  bool is_busy_ = false;     // somebody asks the OAuth server, or writes
  bool is_wanted_ = false;   // somebody needs another token now
  bool is_refused_ = false;  // likewise, as Fleet API refuses this one
  int failures_ = 0;         // of refreshes, in a row
  protocol::Instant not_before_ = protocol::Instant::min();
  protocol::Instant revoked_until_ = protocol::Instant::min();  // somebody may revoke the tokens just now
  std::optional<TokenError> failure_{};                         // the last one, until there are new tokens
  Counts counts_{};
};

}  // namespace fleetsign::accounts
