// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/without_protocol.h"

#include <algorithm>
#include <utility>

namespace fleetsign::vehicles {

WithoutProtocol::WithoutProtocol(std::function<std::int64_t()> unix_now, std::size_t capacity,
                                 state::UnsignedVehicles* kept)
    : unix_now_(std::move(unix_now)), capacity_(capacity), kept_(kept) {
  if (kept_ == nullptr) return;
  for (auto& [vin, until] : kept_->all()) {
    if (counts(until) && until_.size() < capacity_) until_.emplace(std::move(vin), until);
  }
}

/// One from further ahead than a day is of a clock that was wrong, and would stay for ever.
bool WithoutProtocol::counts(std::int64_t until) const {
  const auto now = unix_now_();
  return now < until && until <= now + kKept;
}

bool WithoutProtocol::has(const std::string& vin) const {
  const std::lock_guard lock(mutex_);
  const auto found = until_.find(vin);
  return found != until_.end() && counts(found->second);
}

void WithoutProtocol::add(const std::string& vin) {
  const std::lock_guard changing(changing_);
  const auto until = unix_now_() + kKept;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(until_, [&](const auto& entry) { return !counts(entry.second); });
    until_[vin] = until;
    if (until_.size() > capacity_) {
      until_.erase(std::ranges::min_element(until_, {}, [](const auto& entry) { return entry.second; }));
    }
  }
  if (kept_ != nullptr) kept_->keep({.vin = vin, .until = until});
}

WithoutProtocol::Forgotten WithoutProtocol::forget(const std::string& vin) {
  const std::lock_guard changing(changing_);
  Forgotten forgotten{.was_there = has(vin)};
  {
    const std::lock_guard lock(mutex_);
    until_.erase(vin);
  }
  // What was not remembered may be kept all the same: after a write that failed, or of a time that was not believed.
  if (kept_ != nullptr) forgotten.durable = kept_->erase(vin);
  return forgotten;
}

std::vector<state::UnsignedVehicle> WithoutProtocol::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<state::UnsignedVehicle> all;
  for (const auto& [vin, until] : until_) {
    if (counts(until)) all.push_back({.vin = vin, .until = until});
  }
  return all;
}

}  // namespace fleetsign::vehicles
