// SPDX-License-Identifier: Apache-2.0
// What the requests to Fleet API have cost so far: in all, today, and for each vehicle.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "daemon/ops/clock.h"
#include "daemon/upstream/billing.h"
#include "daemon/upstream/client.h"
#include "daemon/upstream/recent.h"

namespace fleetsign::upstream {

/// Of one request, in millionths of a dollar.
using Prices = ByCategory<std::uint64_t>;

/// Whether Fleet API bills a request. `perhaps`: it may have got it, and no answer came.
enum class Billed : std::uint8_t { no, perhaps, yes };

/// Fleet API bills every answer with a status below 500, refusals such as 408 and 429 among them.
Billed billed_for(int status);
Billed billed_for(const Undelivered& undelivered);

/// A bill, or one line of it.
struct Cost {
  std::uint64_t requests = 0;    ///< that were billed; those without an answer count as billed
  std::uint64_t unanswered = 0;  ///< of these
  std::uint64_t millionths = 0;  ///< of a dollar, at the prices of their time

  [[nodiscard]] double dollars() const { return static_cast<double>(millionths) / 1e6; }
};
using Bill = ByCategory<Cost>;
Cost total_of(const Bill& bill);

struct VehicleBill {
  std::string vehicle;  ///< a VIN in upper case, or Fleet API's number
  Bill bill;
};

/// Safe to use from many threads.
class Ledger {
 public:
  static constexpr std::size_t kVehicles = 20'000;

  /// Of at most `vehicles` (1 or more) it knows each one's bill; the total is that of all. `unix_now` gives seconds,
  /// and may be called from many threads.
  explicit Ledger(const Prices& prices, std::size_t vehicles = kVehicles,
                  std::function<std::int64_t()> unix_now = ops::unix_now)
      : unix_now_(std::move(unix_now)), vehicles_(vehicles) {
    set_prices(prices);
  }

  [[nodiscard]] Prices prices() const;
  /// Of requests from now on.
  void set_prices(const Prices& prices);

  void note(const Charge& charge, Billed billed);

  [[nodiscard]] Bill bill() const;
  /// Of the requests since midnight (UTC).
  [[nodiscard]] Bill today() const;
  /// The bills of the vehicles that cost most, at most so many of them, the dearest first.
  [[nodiscard]] std::vector<VehicleBill> dearest(std::size_t most) const;

 private:
  [[nodiscard]] std::int64_t day() const { return unix_now_() / 86'400; }

  const std::function<std::int64_t()> unix_now_;
  ByCategory<std::atomic<std::uint64_t>> prices_;
  mutable std::mutex mutex_{};  // guards the rest
  Bill bill_{};
  Bill of_day_{};
  std::int64_t day_ = 0;
  Recent<Bill> vehicles_;
};

}  // namespace fleetsign::upstream
