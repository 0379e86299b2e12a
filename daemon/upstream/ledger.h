// SPDX-License-Identifier: Apache-2.0
// What the requests to Fleet API have cost so far: in all, and for each vehicle.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

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

  /// Of at most `vehicles` (1 or more) it knows each one's bill; the total is that of all.
  explicit Ledger(const Prices& prices, std::size_t vehicles = kVehicles) : vehicles_(vehicles) { set_prices(prices); }

  [[nodiscard]] Prices prices() const;
  /// Of requests from now on.
  void set_prices(const Prices& prices);

  void note(const Charge& charge, Billed billed);

  [[nodiscard]] Bill bill() const;
  /// The bills of the vehicles that cost most, at most so many of them, the dearest first.
  [[nodiscard]] std::vector<VehicleBill> dearest(std::size_t most) const;

 private:
  ByCategory<std::atomic<std::uint64_t>> prices_;
  mutable std::mutex mutex_{};  // guards the rest
  Bill bill_{};
  Recent<Bill> vehicles_;
};

}  // namespace fleetsign::upstream
