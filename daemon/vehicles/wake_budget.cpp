// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/wake_budget.h"

#include <memory>
#include <unordered_map>
#include <utility>

namespace fleetsign::vehicles {
namespace {

constexpr std::int64_t kSecondsOfDay = 86'400;

/// The wakes of one day.
struct Memory {
  std::int64_t day = 0;
  std::unordered_map<std::string, std::size_t> by_vin;

  void turn_to(std::int64_t wanted) {
    // Earlier days, too: a clock that was set right must not leave the counts of a day to come behind.
    if (std::exchange(day, wanted) != wanted) by_vin.clear();
  }
};

}  // namespace

WakeCounts WakeCounts::in_memory(std::size_t most) {
  const auto memory = std::make_shared<Memory>();
  return {.load =
              [memory](const std::string& vin, std::int64_t day) {
                memory->turn_to(day);
                const auto found = memory->by_vin.find(vin);
                return found == memory->by_vin.end() ? 0 : found->second;
              },
          .store =
              [memory, most](const std::string& vin, std::int64_t day, std::size_t count) {
                memory->turn_to(day);
                auto& by_vin = memory->by_vin;
                if (by_vin.size() >= most && !by_vin.contains(vin)) by_vin.erase(by_vin.begin());
                by_vin[vin] = count;
              }};
}

WakeBudget::WakeBudget(std::optional<std::size_t> limit, std::function<std::int64_t()> unix_now, WakeCounts counts)
    : limit_(limit), unix_now_(std::move(unix_now)), counts_(std::move(counts)) {}

std::optional<protocol::Failure> WakeBudget::take(const std::string& vin) {
  if (!limit_) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const std::int64_t now = unix_now_();
  const std::int64_t day = now / kSecondsOfDay;
  const std::size_t count = counts_.load(vin, day);
  if (count < *limit_) {
    counts_.store(vin, day, count + 1);
    return std::nullopt;
  }
  return protocol::Failure{.kind = protocol::Kind::local_budget,
                           .message = "the vehicle has been woken as often as `wake_limit` allows in a day",
                           .hint = "wait for the next day of UTC, or raise `wake_limit`",
                           .retry_after = static_cast<int>(kSecondsOfDay - now % kSecondsOfDay)};
}

void WakeBudget::give_back(const std::string& vin) {
  if (!limit_) return;
  const std::lock_guard lock(mutex_);
  const std::int64_t day = unix_now_() / kSecondsOfDay;
  if (const std::size_t count = counts_.load(vin, day); count > 0) counts_.store(vin, day, count - 1);
}

}  // namespace fleetsign::vehicles
