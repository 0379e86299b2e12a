// SPDX-License-Identifier: Apache-2.0
// What people change of a managed account: its tokens are stored, forgotten and revoked.
#include "daemon/accounts/busy.h"
#include "daemon/accounts/managed_account.h"

namespace fleetsign::accounts {

using protocol::Failure;
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
                   .message = "the tokens cannot be written just now: nothing is kept"};
  }
  is_loaded_ = true;
  unreadable_.reset();
  unwritten_.reset();
  use(std::move(held));
  return std::nullopt;
}

protocol::Result<std::optional<RefreshToken>> ManagedAccount::forget() {
  Lock lock(mutex_);
  if (auto failure = wait_until_idle(lock)) return *std::move(failure);
  load();
  if (unreadable_) return *hopeless();  // what cannot be read just now may be with another key
  if (!held_) {
    return Failure{.kind = Kind::not_found,
                   .message = "the account " + name_ + " has no tokens",
                   .hint = "`fleetsign token status` shows which accounts have"};
  }
  const Busy busy(*this, lock);
  lock.unlock();
  const bool is_kept = tokens_.forget(name_);
  lock.lock();
  if (!is_kept) {
    return Failure{.kind = Kind::state_unavailable,
                   .message = "that cannot be written just now: the tokens are kept as they were"};
  }
  const auto& newest = unwritten_ ? unwritten_ : held_;
  auto token = newest ? RefreshToken::read(crypto::view(newest->kept.refresh)) : std::nullopt;
  is_loaded_ = true;
  unreadable_.reset();
  unwritten_.reset();
  held_.reset();
  failure_.reset();
  return token;
}

}  // namespace fleetsign::accounts
