// SPDX-License-Identifier: Apache-2.0
#include "daemon/accounts/managed_account.h"

#include <algorithm>
#include <string_view>

#include "daemon/accounts/busy.h"
#include "daemon/accounts/refresh_times.h"
#include "daemon/accounts/scopes.h"
#include "daemon/accounts/trouble_words.h"
#include "daemon/state/fault_point.h"

namespace fleetsign::accounts {
namespace {

using protocol::Duration;
using protocol::Failure;
using protocol::Instant;
using protocol::Kind;
using std::chrono::seconds;
using Trouble = state::Tokens::Trouble;

/// How often someone who waits looks at the clock.
constexpr Duration kLook = std::chrono::milliseconds(250);

crypto::SecretText hidden(std::string_view text) {
  return {text.begin(), text.end()};
}

bool may_be_lost(const TokenError& error) {
  return error.kind == TokenError::Kind::lost || error.kind == TokenError::Kind::unavailable;
}

crypto::Result<Grant, TokenError> unusable() {
  return TokenError{.kind = TokenError::Kind::login_required, .message = "what is kept as its refresh token is none"};
}

}  // namespace

void ManagedAccount::load() {
  const auto now = times_.now();
  if (is_loaded_ || now < next_load_) return;
  auto found = tokens_.find(name_);
  if (!found) {
    unreadable_ = found.error();
    next_load_ = now + kRetry;
    return;
  }
  unreadable_.reset();
  is_loaded_ = true;
  if (found->has_value()) held_ = hold(**std::move(found), std::nullopt);
}

ManagedAccount::Held ManagedAccount::hold(state::KeptTokens tokens, std::optional<Instant> asked_at) const {
  const auto now = times_.now();
  Held held{.kept = std::move(tokens), .until = Instant::min(), .refresh_at = now, .since = asked_at.value_or(now)};
  const auto& kept = held.kept;
  if (kept.access.empty() || !kept.expires) return held;
  const auto unix_now = times_.unix_now();
  const auto believed = [&](std::int64_t time) {
    return std::clamp(time, unix_now - kLongestLifetime.count(), unix_now + kLongestLifetime.count());
  };
  const seconds lifetime(std::max<std::int64_t>(1, believed(*kept.expires) - believed(kept.refreshed)));
  // A clock that was set since it came may say that there is more left of it than there ever was.
  const seconds left(believed(*kept.expires) - unix_now);
  held.until = asked_at ? *asked_at + lifetime : now + std::min(left, lifetime);
  held.refresh_at = held.until - time_ahead(lifetime, times_.random());
  return held;
}

bool ManagedAccount::is_good() const {
  const bool is_stale = unwritten_ && !unwritten_->kept.login_required;
  return held_ && !is_stale && times_.now() < held_->until;
}

std::optional<upstream::Bearer> ManagedAccount::bearer() {
  if (!is_good()) return std::nullopt;
  return upstream::Bearer(std::string(crypto::view(held_->kept.access)), shared_from_this());
}

void ManagedAccount::want() {
  if (!std::exchange(is_wanted_, true)) alarm_.ring();
}

void ManagedAccount::wait(Lock& lock, Instant deadline) {
  changed_.wait_for(lock, std::min(deadline - times_.now(), kLook));
}

protocol::Result<upstream::Bearer> ManagedAccount::token(Instant deadline) {
  Lock lock(mutex_);
  for (;;) {
    load();
    if (auto token = bearer()) return *std::move(token);
    if (auto failure = hopeless()) return *std::move(failure);
    want();
    if (times_.now() >= deadline || not_before() > deadline) return not_yet();
    wait(lock, deadline);
  }
}

std::optional<upstream::Bearer> ManagedAccount::newest() {
  const Lock lock(mutex_);
  return bearer();
}

std::optional<upstream::Bearer> ManagedAccount::renew(const upstream::Bearer& refused, Instant deadline) {
  Lock lock(mutex_);
  for (;;) {
    load();
    const bool is_newest = held_ && crypto::view(held_->kept.access) == refused.expose();
    auto token = bearer();
    if (token && !is_newest) return token;
    if (hopeless()) {
      if (is_newest && held_->kept.login_required) held_->until = Instant::min();  // it does not work, either
      return std::nullopt;
    }
    const auto now = times_.now();
    // One that came of a refusal, and is refused soon, has no fault that another one would not have.
    const bool came_of_refusal = is_newest && held_->refusals > 0;
    if (came_of_refusal && now < held_->since + back_off(held_->refusals, 0)) return std::nullopt;
    is_refused_ = true;
    want();
    if (now >= deadline || not_before() > deadline) {
      // Unless others before it were refused as well, it is not shown again: callers wait for the next one instead.
      const bool is_others_fault = came_of_refusal && now < held_->since + kLongestBackOff;
      if (is_newest && !is_others_fault) held_->until = Instant::min();
      return std::nullopt;
    }
    wait(lock, deadline);
  }
}

Instant ManagedAccount::due() const {
  if (is_busy_) return Instant::max();
  if (unwritten_) return next_write_;
  if (unreadable_ == Trouble::unreadable) return next_load_;
  return std::min(refresh_due(), is_to_encrypt() ? next_write_ : Instant::max());
}

Instant ManagedAccount::refresh_due() const {
  if (!held_ || held_->kept.login_required) return Instant::max();
  return std::max(not_before(), is_wanted_ ? Instant::min() : held_->refresh_at);
}

Instant ManagedAccount::not_before() const {
  return std::max({not_before_, revoked_until_, could_not_write_ ? next_write_ : Instant::min()});
}

Instant ManagedAccount::step(const Refresh& refresh, ops::Log& log) {
  Lock lock(mutex_);
  load();
  if (unreadable_ != std::exchange(told_, unreadable_) && unreadable_) {
    log.warning("account_trouble", {{"account", ops::Plain{name_}}, {"what", ops::Plain{describe(*unreadable_)}}});
  }
  if (held_ && held_->kept.login_required) tell_of_login("Tesla does not take its refresh token any more", log);
  if (is_to_encrypt() && next_write_ <= times_.now()) encrypt(lock, log);
  const auto next = unwritten_ ? next_write_ : refresh_due();
  if (held_ && !is_busy_ && next <= times_.now()) {
    const Busy busy(*this, lock);
    // What the OAuth server gives for a refresh token is all that there is from then on.
    if (!unwritten_ && can_write(lock, log)) ask(lock, refresh, log);
    if (unwritten_) write(lock, log);
  }
  return due();
}

void ManagedAccount::tell_of_login(const std::string& why, ops::Log& log) {
  if (std::exchange(is_login_told_, true)) return;
  log.warning("login_required", {{"account", ops::Plain{name_}}, {"what", ops::Plain{why}}});
}

bool ManagedAccount::is_to_encrypt() const {
  const bool is_settled = held_ && !unwritten_ && !is_busy_;
  return is_settled && tokens_.encrypts() && (!held_->kept.is_encrypted || tokens_.is_plain_left());
}

void ManagedAccount::encrypt(Lock& lock, ops::Log& log) {
  const Busy busy(*this, lock);
  lock.unlock();
  // As the file has them: what people changed, and was told to have failed, may have come about.
  auto found = tokens_.find(name_);
  const bool is_there = found && found->has_value();
  const bool is_kept = found && (!is_there || (*found)->is_encrypted || tokens_.keep(name_, **found));
  const bool is_plain_left = is_kept && !tokens_.clear_plain();
  lock.lock();
  note_write(is_kept, log);
  if (!is_kept) return;
  if (is_plain_left) next_write_ = times_.now() + kClearRetry;
  if (!is_there) {
    held_.reset();
    return;
  }
  if (crypto::view((*found)->refresh) != crypto::view(held_->kept.refresh)) held_ = hold(**std::move(found), {});
  held_->kept.is_encrypted = true;
}

bool ManagedAccount::can_write(Lock& lock, ops::Log& log) {
  lock.unlock();
  const bool can_keep = tokens_.can_keep(name_);
  lock.lock();
  note_write(can_keep, log);
  return can_keep;
}

void ManagedAccount::ask(Lock& lock, const Refresh& refresh, ops::Log& log) {
  const auto token = RefreshToken::read(crypto::view(held_->kept.refresh));
  const auto asked_at = times_.now();
  lock.unlock();
  state::fault_point(state::kBeforeRefresh);
  const auto grant = token ? refresh(*token) : unusable();
  state::fault_point(state::kAfterRefresh);
  lock.lock();
  if (!grant) return note_failure(grant.error(), log);
  adopt(*grant, asked_at);
}

void ManagedAccount::adopt(const Grant& grant, Instant asked_at) {
  const auto spent = std::chrono::duration_cast<seconds>(times_.now() - asked_at).count();
  state::KeptTokens tokens{.refresh = hidden(grant.refresh->expose()),
                           .access = hidden(grant.access.expose()),
                           .scopes = scopes_of(grant.access.expose(), held_->kept.scopes),
                           .refreshed = times_.unix_now() - spent};
  tokens.expires = tokens.refreshed + grant.lifetime.count();
  unwritten_ = hold(std::move(tokens), asked_at);
  const bool is_soon = asked_at < held_->since + kLongestBackOff;
  if (is_refused_) unwritten_->refusals = is_soon ? held_->refusals + 1 : 1;
}

void ManagedAccount::note_failure(const TokenError& error, ops::Log& log) {
  ++counts_.failed;
  failure_ = error;
  if (error.kind == TokenError::Kind::login_required) {
    held_->kept.login_required = true;
    if (is_refused_) {  // by Fleet API: neither token is of use
      held_->kept.access.clear();
      held_->until = Instant::min();
    }
    unwritten_ = held_;
    return tell_of_login(error.message, log);
  }
  ++failures_;
  Duration pause{0};  // after a reply that was lost, the same token is good for another try
  if (!may_be_lost(error) || failures_ > 1) pause = back_off(failures_, times_.random());
  if (error.retry_after) pause = std::max<Duration>(pause, std::min(*error.retry_after, kLongestRetry));
  not_before_ = times_.now() + pause;
  log.warning("token_refresh_failed", {{"account", ops::Plain{name_}},
                                       {"what", ops::Plain{error.message}},
                                       {"again_in", std::chrono::duration_cast<std::chrono::milliseconds>(pause)}});
}

void ManagedAccount::write(Lock& lock, ops::Log& log) {
  const auto tokens = unwritten_->kept;
  lock.unlock();
  const bool is_kept = tokens_.keep(name_, tokens);
  if (is_kept) state::fault_point(state::kBeforeTokenUse);
  lock.lock();
  note_write(is_kept, log);
  if (!is_kept) return;
  auto written = *std::exchange(unwritten_, std::nullopt);
  if (written.kept.login_required) return;  // as what is held says already
  use(std::move(written));
  ++counts_.done;
  log.info("token_refreshed", {{"account", ops::Plain{name_}}});
}

void ManagedAccount::note_write(bool is_kept, ops::Log& log) {
  if (!is_kept && !could_not_write_) log.warning("tokens_not_written", {{"account", ops::Plain{name_}}});
  could_not_write_ = !is_kept;
  next_write_ = is_kept ? Instant::min() : times_.now() + kRetry;
}

void ManagedAccount::use(Held held) {
  held_ = std::move(held);
  held_->kept.is_encrypted = tokens_.encrypts();
  could_not_write_ = false;
  next_write_ = Instant::min();
  is_wanted_ = held_->kept.access.empty();
  is_refused_ = false;
  is_login_told_ = false;
  failures_ = 0;
  not_before_ = Instant::min();
  failure_.reset();
}

}  // namespace fleetsign::accounts
