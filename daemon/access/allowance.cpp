// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/allowance.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
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

Failure too_dear(const std::string& name, std::int64_t seconds_left) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  return {.kind = Kind::local_budget,
          .message = "the caller has spent the `daily_budget` of `" + name + "`",
          .hint = "wait for the next day of UTC, or raise `daily_budget`; nothing was sent",
          .retry_after = static_cast<int>(std::min(seconds_left, kMost))};
}

Failure not_kept(const std::string& name) {
  return {.kind = Kind::state_unavailable,
          .message = "what is spent of the `daily_budget` of `" + name + "` cannot be read or written just now",
          .hint = "make the folder of the state writable again: `fleetsign status` says what is wrong"};
}

}  // namespace

struct Allowance::Account {
  explicit Account(std::string of) : name(std::move(of)) {}

  const std::string name;

  std::mutex mutex{};  // guards the rest
  std::optional<std::size_t> rate{};
  std::optional<std::uint64_t> budget{};
  Instant all_due{};           // when all requests of a minute may come at once
  std::int64_t day = 0;        // of what follows
  std::uint64_t spent = 0;     // millionths of a dollar; before the record is loaded, what it does not have
  std::uint64_t reserved = 0;  // for requests under way
  std::uint64_t waiting = 0;   // of that, for requests that go on once the record has more
  std::uint64_t kept = 0;      // what the record has: at least what was spent and reserved, but for those
  bool is_loaded = false;

  // One thread at a time asks the record, without the mutex.
  bool is_at_disk = false;
  std::uint64_t failures = 0;
  std::condition_variable changed{};

  /// Never to an earlier day, so that what is under way is counted where the clock is set back a little.
  void turn_to(std::int64_t today) {
    if (today <= day) return;
    day = today;
    spent = reserved = waiting = kept = 0;
    is_loaded = false;
  }
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

Allowance::Allowance(std::span<const config::CallerEntry> callers, Clocks clocks, SpendingRecord record,
                     const Allowance* before)
    : clocks_(std::move(clocks)), record_(std::move(record)) {
  for (const auto& caller : callers) {
    auto account = before == nullptr ? nullptr : before->account_of(caller.name);
    if (!account) account = std::make_shared<Account>(caller.name);
    {
      const Lock lock(account->mutex);
      account->rate = caller.rate;
      account->budget = caller.daily_budget;
    }
    if (caller.name == config::kAnybody) others_ = account.get();
    accounts_.push_back(std::move(account));
  }
}

Allowance::~Allowance() = default;

std::shared_ptr<Allowance::Account> Allowance::account_of(const std::string& name) const {
  const auto found = std::ranges::find_if(accounts_, [&](const auto& account) { return account->name == name; });
  return found == accounts_.end() ? nullptr : *found;
}

protocol::Result<Allowance::Admission> Allowance::admit(std::optional<std::size_t> entry, std::uint64_t millionths) {
  Account* const found = entry ? accounts_.at(*entry).get() : others_;
  if (found == nullptr) return Admission(this, nullptr, 0, 0);
  Account& account = *found;
  Lock lock(account.mutex);
  for (;;) {
    // Read anew with the lock, so that no thread comes with a day that another has left.
    const auto unix_now = clocks_.unix_now();
    const auto now = clocks_.now();
    const auto interval = account.rate ? kMinute / static_cast<Duration::rep>(*account.rate) : Duration::zero();
    const auto all_due = std::max(account.all_due, now) + interval;
    if (const auto early = all_due - kMinute - now; account.rate && early > Duration::zero()) {
      return too_often(account.name, *account.rate, early);
    }
    account.turn_to(unix_now / kSecondsOfDay);
    if (account.budget && millionths > 0) {
      if (!account.is_loaded) {
        if (!load(account, lock)) return not_kept(account.name);
        continue;
      }
      if (account.spent + account.reserved + millionths > *account.budget) {
        return too_dear(account.name, (account.day + 1) * kSecondsOfDay - unix_now);
      }
    }
    account.all_due = all_due;
    const auto day = account.day;
    const bool is_counted = account.budget.has_value();  // before the lock is let go
    if (is_counted && !reserve(account, lock, millionths)) {
      account.all_due -= interval;
      return not_kept(account.name);
    }
    return Admission(this, is_counted ? found : nullptr, day, millionths);
  }
}

bool Allowance::reserve(Account& account, Lock& lock, std::uint64_t millionths) const {
  if (millionths == 0) return true;
  const auto day = account.day;
  account.reserved += millionths;
  account.waiting += millionths;
  const bool is_kept = keep(account, lock, millionths);
  // Of a day that is over, nothing is left to be counted.
  if (account.day == day) {
    account.waiting -= millionths;
    if (!is_kept) account.reserved -= millionths;
  }
  return is_kept;
}

void Allowance::settle(const Admission& admission) const {
  Account& account = *admission.account_;
  Lock lock(account.mutex);
  if (account.day != admission.day_) return;
  account.reserved -= admission.reserved_;
  account.spent += admission.spent_;
  // What cannot be kept now must be before anything further is paid for.
  if (admission.spent_ > 0 && load(account, lock)) keep(account, lock, 0);
}

/// Asks the record, or waits for another who does.
bool Allowance::at_disk(Account& account, Lock& lock, const std::function<bool()>& work) {
  if (account.is_at_disk) {
    const auto before = account.failures;
    account.changed.wait(lock, [&] { return !account.is_at_disk; });
    return account.failures == before;
  }
  account.is_at_disk = true;
  lock.unlock();
  const bool is_done = work();
  lock.lock();
  account.is_at_disk = false;
  if (!is_done) ++account.failures;
  account.changed.notify_all();
  return is_done;
}

/// What the record has of the day beside what was spent before it could be read.
bool Allowance::load(Account& account, Lock& lock) const {
  const auto day = account.day;
  while (account.day == day && !account.is_loaded) {
    std::optional<std::uint64_t> found;
    const auto read = [&] {
      found = record_.load(account.name, day);
      return found.has_value();
    };
    if (!at_disk(account, lock, read)) return false;
    if (!found || account.day != day) continue;
    account.spent += *found;
    account.kept = *found;
    account.is_loaded = true;
  }
  return true;
}

/// The own money is that of who asks, and is waiting. Some way ahead, so that few requests wait for the disk.
bool Allowance::keep(Account& account, Lock& lock, std::uint64_t own) const {
  constexpr std::uint64_t kParts = 64;
  const auto day = account.day;
  while (account.day == day && account.spent + account.reserved - account.waiting + own > account.kept) {
    const auto mark = account.spent + account.reserved + account.budget.value_or(0) / kParts;
    bool is_kept = false;
    const auto write = [&] { return is_kept = record_.store(account.name, day, mark); };
    if (!at_disk(account, lock, write)) return false;
    if (is_kept && account.day == day) account.kept = mark;
  }
  return true;
}

}  // namespace fleetsign::access
