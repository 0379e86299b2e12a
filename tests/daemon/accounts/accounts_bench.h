// SPDX-License-Identifier: Apache-2.0
// Accounts on a clock that a test moves, and an OAuth server that says what a test wants.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "daemon/accounts/accounts.h"
#include "tests/daemon/state/bench.h"

namespace fleetsign::accounts::test {

using Answer = crypto::Result<Grant, TokenError>;
using std::chrono::seconds;

inline constexpr std::int64_t kUnixStart = 1'700'000'000;
inline constexpr seconds kLifetime{10'000};

inline crypto::SecretText hidden(std::string_view text) {
  return {text.begin(), text.end()};
}

inline Answer granted(const std::string& name, seconds lifetime = kLifetime) {
  return Grant{.access = upstream::Bearer("access-" + name),
               .refresh = RefreshToken::read("refresh-" + name),
               .lifetime = lifetime};
}

inline Answer failed(TokenError::Kind kind, std::optional<seconds> retry_after = {}) {
  return TokenError{.kind = kind, .message = "in words", .retry_after = retry_after};
}

class Bench {
 public:
  /// As after a login, `lifetime` ago or less.
  [[nodiscard]] state::KeptTokens tokens(const std::string& name, seconds lifetime = kLifetime) const {
    return {.refresh = hidden("refresh-" + name),
            .access = hidden("access-" + name),
            .expires = unix_now() + lifetime.count(),
            .scopes = "vehicle_cmds",
            .refreshed = unix_now()};
  }
  void log_in(const std::string& name, seconds lifetime = kLifetime) {
    REQUIRE_FALSE(account->store(tokens(name, lifetime)).has_value());
  }
  /// As a start of the daemon: nothing but the file is left.
  void restart() {
    account.reset();
    kept.reset();
    store.reset();
    store = folder.open();
    kept.emplace(*store, std::nullopt);
    account = make();
  }

  protocol::Instant step() { return account->step(refresh, log); }
  /// Until there is nothing to do now; at most some steps.
  void settle() {
    for (int i = 0; i < 10 && step() <= now.load(); ++i) continue;
  }
  void pass(protocol::Duration time) { now = now.load() + time; }

  /// The access token, for a caller who does not wait; empty when there is none.
  [[nodiscard]] std::string access() {
    const auto token = account->token(now);
    return token ? std::string(token->expose()) : "";
  }
  [[nodiscard]] protocol::Failure failure() {
    const auto token = account->token(now);
    REQUIRE_FALSE(token.ok());
    return token.error();
  }
  [[nodiscard]] std::int64_t unix_now() const {
    return kUnixStart + std::chrono::duration_cast<seconds>(now.load().time_since_epoch()).count();
  }
  [[nodiscard]] std::shared_ptr<ManagedAccount> make(const std::string& name = "home") {
    return std::make_shared<ManagedAccount>(name, *kept, alarm, times);
  }
  void break_file() { alter("ALTER TABLE tokens RENAME TO hidden"); }
  void mend_file() { alter("ALTER TABLE hidden RENAME TO tokens"); }
  void alter(const char* sql) {
    REQUIRE(store->write([&](const state::Database& database) { database.run(sql); }));
  }

  std::atomic<protocol::Instant> now = protocol::Instant(seconds(1'000));
  const Times times{
      .now = [this] { return now.load(); }, .unix_now = [this] { return unix_now(); }, .random = [] { return 0.5; }};
  std::deque<Answer> answers;      ///< of the OAuth server, in turn; then there is none in time
  std::vector<std::string> asked;  ///< with which refresh tokens
  const Refresh refresh = [this](const RefreshToken& token) {
    asked.emplace_back(token.expose());
    if (answers.empty()) return failed(TokenError::Kind::lost);
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  };
  ops::Log log{ops::Level::error, ops::Format::text};
  state::test::Bench folder;
  std::unique_ptr<state::Store> store = folder.open();
  std::optional<state::Tokens> kept{std::in_place, *store, std::nullopt};
  Alarm alarm;
  std::shared_ptr<ManagedAccount> account = make();
};

}  // namespace fleetsign::accounts::test
