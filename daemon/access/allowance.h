// SPDX-License-Identifier: Apache-2.0
// How often callers may ask, and for how much money: so that one that runs wild is refused before anything is sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "protocol/failure.h"
#include "protocol/time.h"

namespace fleetsign::access {

/// Where it is kept what callers have spent, in millionths of a dollar, by their entries' names. A day is that of UTC,
/// in days since 1970. Called from many threads, and of one caller by one of them at a time.
struct SpendingRecord {
  /// 0 when there is none; nothing when it cannot be known.
  std::function<std::optional<std::uint64_t>(const std::string& caller, std::int64_t day)> load;
  /// Whether it is durable.
  std::function<bool(const std::string& caller, std::int64_t day, std::uint64_t millionths)> store;
};

/// A minute's requests may come at once, and then as they become due again. Of the money, what was admitted together
/// never exceeds the budget; what a request costs beyond what was expected of it counts against the next one. Of a
/// day's budget a restart may cost one sixty-fourth. Money that could not be counted over a restart is refused. A day
/// never goes back, even where the clock does. Safe to use from many threads; who waits for the disk holds up nobody
/// but those who wait for the same. Those without an entry share the rate and the budget of "*".
class Allowance {
 public:
  struct Clocks {
    std::function<protocol::Instant()> now;
    std::function<std::int64_t()> unix_now;  ///< the wall clock, in seconds
  };

 private:
  struct Account;

 public:
  /// What a request was admitted for, until it is known what it has cost. Is not used by two threads at once.
  class Admission {
   public:
    Admission(Admission&& other) noexcept;
    Admission& operator=(Admission&&) = delete;
    /// Counts what was spent, in place of what it was admitted for.
    ~Admission();

    /// In millionths of a dollar.
    void spend(std::uint64_t millionths) { spent_ += millionths; }

   private:
    friend class Allowance;
    Admission(Allowance* allowance, Account* account, std::int64_t day, std::uint64_t reserved)
        : allowance_(allowance), account_(account), day_(day), reserved_(reserved) {}

    Allowance* allowance_;
    Account* account_;  // null without a budget, or once it was moved from
    std::int64_t day_;
    std::uint64_t reserved_;
    std::uint64_t spent_ = 0;
  };

  /// With what callers of the same names have had and spent at `before`, which may still be in use: the rates and
  /// budgets of these hold there, too, from now on. Null: with nothing.
  Allowance(std::span<const config::CallerEntry> callers, Clocks clocks, SpendingRecord record,
            const Allowance* before = nullptr);
  ~Allowance();
  Allowance(const Allowance&) = delete;
  Allowance& operator=(const Allowance&) = delete;

  /// One request of the entry, an index into `callers` or nothing for who has none, of which `millionths` are expected
  /// to be billed at least. Kind::local_rate or Kind::local_budget, with when to come again, or Kind::state_unavailable
  /// while it cannot be kept what is spent; then it does not count. What costs nothing never waits for the disk.
  [[nodiscard]] protocol::Result<Admission> admit(std::optional<std::size_t> entry, std::uint64_t millionths);

 private:
  using Lock = std::unique_lock<std::mutex>;

  /// Null when no caller has the name.
  [[nodiscard]] std::shared_ptr<Account> account_of(const std::string& name) const;

  // All with the account's lock held, which they let go while they wait for the disk: whether they succeeded.
  static bool at_disk(Account& account, Lock& lock, const std::function<bool()>& work);
  bool reserve(Account& account, Lock& lock, std::uint64_t millionths) const;
  bool load(Account& account, Lock& lock) const;
  bool keep(Account& account, Lock& lock, std::uint64_t own) const;

  void settle(const Admission& admission) const;

  const Clocks clocks_;
  const SpendingRecord record_;
  std::vector<std::shared_ptr<Account>> accounts_{};
  Account* others_ = nullptr;  // of whoever has no entry; null: no limits
};

}  // namespace fleetsign::access
