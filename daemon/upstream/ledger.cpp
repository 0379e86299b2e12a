// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/ledger.h"

#include <algorithm>
#include <utility>

namespace fleetsign::upstream {

Billed billed_for(int status) {
  return status < 500 ? Billed::yes : Billed::no;
}

Billed billed_for(const Undelivered& undelivered) {
  return undelivered.sent == Undelivered::Sent::maybe ? Billed::perhaps : Billed::no;
}

Cost total_of(const Bill& bill) {
  Cost total;
  for (const auto category : kCategories) {
    const Cost& cost = bill[category];
    total.requests += cost.requests;
    total.unanswered += cost.unanswered;
    total.millionths += cost.millionths;
  }
  return total;
}

Prices Ledger::prices() const {
  return {.commands = prices_.commands, .data = prices_.data, .wakes = prices_.wakes};
}

void Ledger::set_prices(const Prices& prices) {
  for (const auto category : kCategories) prices_[category] = prices[category];
}

void Ledger::note(const Charge& charge, Billed billed) {
  if (billed == Billed::no) return;
  const std::uint64_t price = prices_[charge.category];
  const auto add_to = [&](Bill& bill) {
    Cost& cost = bill[charge.category];
    ++cost.requests;
    if (billed == Billed::perhaps) ++cost.unanswered;
    cost.millionths += price;
  };
  const std::lock_guard lock(mutex_);
  const auto today = day();
  add_to(bill_);
  if (std::exchange(day_, today) != today) of_day_ = {};
  add_to(of_day_);
  if (!charge.vehicle.empty()) add_to(vehicles_[charge.vehicle]);
}

Bill Ledger::bill() const {
  const std::lock_guard lock(mutex_);
  return bill_;
}

Bill Ledger::today() const {
  const auto today = day();
  const std::lock_guard lock(mutex_);
  return day_ == today ? of_day_ : Bill{};
}

std::vector<VehicleBill> Ledger::dearest(std::size_t most) const {
  std::vector<VehicleBill> bills;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [vehicle, bill] : vehicles_) bills.push_back({.vehicle = vehicle, .bill = bill});
  }
  const auto kept = std::min(most, bills.size());
  std::partial_sort(bills.begin(), bills.begin() + static_cast<std::ptrdiff_t>(kept), bills.end(),
                    [](const VehicleBill& a, const VehicleBill& b) {
                      const auto cost_of_a = total_of(a.bill).millionths;
                      const auto cost_of_b = total_of(b.bill).millionths;
                      return cost_of_a != cost_of_b ? cost_of_a > cost_of_b : a.vehicle < b.vehicle;
                    });
  bills.resize(kept);
  return bills;
}

}  // namespace fleetsign::upstream
