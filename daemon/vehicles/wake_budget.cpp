// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/wake_budget.h"

#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace fleetsign::vehicles {
namespace {

constexpr std::int64_t kSecondsOfDay = 86'400;

/// The wakes of one day, of at most so many vehicles.
class Memory {
 public:
  explicit Memory(std::size_t most) : most_(most) {}

  std::size_t load(const std::string& vin, std::int64_t day) {
    const std::lock_guard lock(mutex_);
    turn_to(day);
    const auto found = by_vin_.find(vin);
    return found == by_vin_.end() ? 0 : found->second;
  }

  void store(const std::string& vin, std::int64_t day, std::size_t count) {
    const std::lock_guard lock(mutex_);
    turn_to(day);
    if (by_vin_.size() >= most_ && !by_vin_.contains(vin)) by_vin_.erase(by_vin_.begin());
    by_vin_[vin] = count;
  }

 private:
  void turn_to(std::int64_t day) {
    // Earlier days, too: a clock that was set right must not leave the counts of a day to come behind.
    if (std::exchange(day_, day) != day) by_vin_.clear();
  }

  const std::size_t most_;
  std::mutex mutex_;  // guards the rest
  std::int64_t day_ = 0;
  std::unordered_map<std::string, std::size_t> by_vin_{};
};

}  // namespace

WakeCounts WakeCounts::in_memory(std::size_t most) {
  const auto memory = std::make_shared<Memory>(most);  // owned by both functions and their copies
  return {.load = [memory](const std::string& vin, std::int64_t day) { return memory->load(vin, day); },
          .store = [memory](const std::string& vin, std::int64_t day,
                            std::size_t count) { memory->store(vin, day, count); }};
}

WakeBudget::WakeBudget(std::optional<std::size_t> limit, std::function<std::int64_t()> unix_now, WakeCounts counts)
    : limit_(limit.value_or(kUnlimited)), unix_now_(std::move(unix_now)), counts_(std::move(counts)) {}

void WakeBudget::set_limit(std::optional<std::size_t> limit) {
  limit_ = limit.value_or(kUnlimited);
}

std::optional<protocol::Failure> WakeBudget::take(const std::string& vin) {
  const std::size_t limit = limit_;
  if (limit == kUnlimited) return std::nullopt;
  const std::int64_t now = unix_now_();
  const std::int64_t day = now / kSecondsOfDay;
  const std::size_t count = counts_.load(vin, day);
  if (count < limit) {
    counts_.store(vin, day, count + 1);
    return std::nullopt;
  }
  return protocol::Failure{.kind = protocol::Kind::local_budget,
                           .message = "the vehicle has been woken as often as `wake_limit` allows in a day",
                           .hint = "wait for the next day of UTC, or raise `wake_limit`",
                           .retry_after = static_cast<int>(kSecondsOfDay - now % kSecondsOfDay)};
}

void WakeBudget::give_back(const std::string& vin) {
  if (limit_ == kUnlimited) return;
  const std::int64_t day = unix_now_() / kSecondsOfDay;
  if (const std::size_t count = counts_.load(vin, day); count > 0) counts_.store(vin, day, count - 1);
}

}  // namespace fleetsign::vehicles
