// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/allowance.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "config/callers.h"

namespace fleetsign::access {
namespace {

using protocol::Duration;
using protocol::Failure;
using protocol::Instant;
using protocol::Kind;

constexpr std::int64_t kSecondsOfDay = 86'400;
constexpr Duration kMinute = std::chrono::minutes(1);

Failure too_often(const std::string& name, std::size_t rate, Duration wait) {
  return {.kind = Kind::local_rate,
          .message = "the caller has had its requests of a minute: `rate` of `" + name + "` is " + std::to_string(rate),
          .retry_after = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(wait).count())};
}

Failure too_dear(const std::string& name, std::int64_t unix_now) {
  return {.kind = Kind::local_budget,
          .message = "the caller has spent the `daily_budget` of `" + name + "`",
          .hint = "wait for the next day of UTC, or raise `daily_budget`; nothing was sent",
          .retry_after = static_cast<int>(kSecondsOfDay - unix_now % kSecondsOfDay)};
}

}  // namespace

struct Allowance::Account {
  std::string name;
  std::optional<std::size_t> rate;
  std::optional<std::uint64_t> budget;

  std::mutex mutex{};          // guards the rest
  Instant all_due{};           // when all requests of a minute may come at once
  std::int64_t day = 0;        // of what follows
  std::uint64_t spent = 0;     // millionths of a dollar
  std::uint64_t reserved = 0;  // for requests under way
  std::uint64_t kept = 0;      // what the record has: at least what was spent and reserved
  bool is_loaded = false;
};

Allowance::Admission::Admission(Admission&& other) noexcept
    : allowance_(other.allowance_),
      account_(std::exchange(other.account_, nullptr)),
      day_(other.day_),
      reserved_(other.reserved_),
      spent_(other.spent_) {}

Allowance::Admission::~Admission() {
  if (account_ != nullptr) allowance_->settle(*this);
}

Allowance::Allowance(std::span<const config::CallerEntry> callers, Clocks clocks, SpendingRecord record)
    : clocks_(std::move(clocks)), record_(std::move(record)) {
  for (const auto& caller : callers) {
    accounts_.push_back(std::make_unique<Account>());
    Account& account = *accounts_.back();
    account.name = caller.name;
    account.rate = caller.rate;
    account.budget = caller.daily_budget;
    if (caller.name == config::kAnybody) others_ = &account;
  }
}

Allowance::~Allowance() = default;

protocol::Result<Allowance::Admission> Allowance::admit(std::optional<std::size_t> entry, std::uint64_t millionths) {
  Account* const found = entry ? accounts_.at(*entry).get() : others_;
  if (found == nullptr) return Admission(this, nullptr, 0, 0);
  Account& account = *found;
  const auto unix_now = clocks_.unix_now();
  const auto now = clocks_.now();
  const std::lock_guard lock(account.mutex);
  auto all_due = std::max(account.all_due, now);
  if (account.rate) {
    const auto interval = kMinute / static_cast<Duration::rep>(*account.rate);
    all_due += interval;
    if (const auto early = all_due - kMinute - now; early > Duration::zero()) {
      return too_often(account.name, *account.rate, early);
    }
  }
  if (account.budget) {
    turn_to(account, unix_now / kSecondsOfDay);
    const auto total = account.spent + account.reserved + millionths;
    if (millionths > 0 && total > *account.budget) return too_dear(account.name, unix_now);
    account.reserved += millionths;
    keep(account);
  }
  account.all_due = all_due;
  return Admission(this, account.budget ? found : nullptr, account.day, millionths);
}

void Allowance::settle(const Admission& admission) const {
  Account& account = *admission.account_;
  const std::lock_guard lock(account.mutex);
  if (account.day != admission.day_) return;
  account.reserved -= admission.reserved_;
  account.spent += admission.spent_;
  keep(account);
}

/// Earlier days, too: a clock that was set right must not leave what was spent on a day to come behind.
void Allowance::turn_to(Account& account, std::int64_t day) const {
  if (account.is_loaded && account.day == day) return;
  account.is_loaded = true;
  account.day = day;
  account.spent = record_.load(account.name, day);
  account.kept = account.spent;
  account.reserved = 0;
}

/// Some way ahead, so that few requests wait for the disk.
void Allowance::keep(Account& account) const {
  constexpr std::uint64_t kParts = 64;
  const auto total = account.spent + account.reserved;
  if (total <= account.kept) return;
  account.kept = total + *account.budget / kParts;
  record_.store(account.name, account.day, account.kept);
}

}  // namespace fleetsign::access
