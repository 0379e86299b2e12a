// SPDX-License-Identifier: Apache-2.0
// What people change of a managed account: its tokens are stored, forgotten and revoked.
#include "daemon/accounts/busy.h"
#include "daemon/accounts/managed_account.h"

namespace fleetsign::accounts {

using protocol::Failure;
using protocol::Instant;
using protocol::Kind;

std::optional<Failure> ManagedAccount::wait_until_idle(Lock& lock) {
  const auto deadline = times_.now() + kChangePatience;
  while (is_busy_) {
    if (times_.now() >= deadline) {
      return Failure{
          .kind = Kind::state_unavailable,
          .message = "the tokens of the account " + name_ + " are being refreshed just now: nothing was done",
          .hint = "try again in a minute"};
    }
    wait(lock, deadline);
  }
  return std::nullopt;
}

std::optional<Failure> ManagedAccount::store(state::KeptTokens tokens) {
  Lock lock(mutex_);
  if (auto failure = wait_until_idle(lock)) return *std::move(failure);
  const Busy busy(*this, lock);
  auto held = hold(std::move(tokens), std::nullopt);
  lock.unlock();
  const bool is_kept = tokens_.keep(name_, held.kept);
  lock.lock();
  if (!is_kept) {
    return Failure{.kind = Kind::state_unavailable,
                   .message = "the tokens cannot be written just now: those of before are used on"};
  }
  is_loaded_ = true;
  unreadable_.reset();
  unwritten_.reset();
  revoked_until_ = Instant::min();
  use(std::move(held));
  return std::nullopt;
}

std::optional<Failure> ManagedAccount::find_kept(Lock& lock) {
  if (auto failure = wait_until_idle(lock)) return failure;
  load();
  if (unreadable_) return hopeless();  // what cannot be read just now may be with another key
  if (held_) return std::nullopt;
  return Failure{.kind = Kind::not_found,
                 .message = "the account " + name_ + " has no tokens",
                 .hint = "`fleetsign token status` shows which accounts have"};
}

std::optional<RefreshToken> ManagedAccount::newest_refresh() const {
  return RefreshToken::read(crypto::view((unwritten_ ? unwritten_ : held_)->kept.refresh));
}

std::optional<Failure> ManagedAccount::erase(Lock& lock) {
  const Busy busy(*this, lock);
  lock.unlock();
  const bool is_kept = tokens_.forget(name_);
  lock.lock();
  if (!is_kept) {
    return Failure{.kind = Kind::state_unavailable,
                   .message = "that cannot be written just now: the tokens are kept as they were"};
  }
  unwritten_.reset();
  held_.reset();
  failure_.reset();
  revoked_until_ = Instant::min();
  return std::nullopt;
}

protocol::Result<std::optional<RefreshToken>> ManagedAccount::forget() {
  Lock lock(mutex_);
  if (auto failure = find_kept(lock)) return *std::move(failure);
  auto token = newest_refresh();
  if (auto failure = erase(lock)) return *std::move(failure);
  return token;
}

protocol::Result<std::optional<RefreshToken>> ManagedAccount::begin_revocation() {
  Lock lock(mutex_);
  if (auto failure = find_kept(lock)) return *std::move(failure);
  revoked_until_ = times_.now() + kRevocationTime;
  return newest_refresh();
}

protocol::Result<bool> ManagedAccount::forget_revoked(const RefreshToken& token) {
  Lock lock(mutex_);
  auto failure = find_kept(lock);
  if (failure && failure->kind == Kind::not_found) return true;
  if (failure) return *std::move(failure);
  if (newest_refresh() != token) return false;
  failure = erase(lock);
  if (failure) return *std::move(failure);
  return true;
}

void ManagedAccount::call_off_revocation() {
  const Lock lock(mutex_);
  revoked_until_ = Instant::min();
  alarm_.ring();
}

}  // namespace fleetsign::accounts
