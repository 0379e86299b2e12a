// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/lanes.h"

#include <algorithm>
#include <array>

namespace fleetsign::vehicles {
namespace {

constexpr std::array kDomains = {protocol::Domain::vehicle_security, protocol::Domain::infotainment};

std::string name_of(const std::string& vin, protocol::Domain domain) {
  return vin + '/' + std::string(to_string(domain));
}

}  // namespace

Lanes::Lanes(ClientKeys keys, Clock clock, std::size_t capacity, state::Sessions* kept)
    : keys_(std::move(keys)),
      clock_(std::move(clock)),
      kept_(kept),
      shards_(std::clamp<std::size_t>(capacity, 1, kShards)),
      capacity_of_shard_(std::max<std::size_t>(1, capacity / shards_.size())) {}

std::shared_ptr<Lane> Lanes::find_or_make(const std::string& vin, protocol::Domain domain) {
  const std::string name = name_of(vin, domain);
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.by_name.find(name); found != shard.by_name.end()) {
    shard.by_use.splice(shard.by_use.begin(), shard.by_use, found->second);
    return found->second->lane;
  }
  make_room(shard);
  const auto& client = keys_.of(vin);
  protocol::Parties parties{.client = client, .client_point = client->public_point(), .vin = vin, .domain = domain};
  shard.by_use.push_front({.name = name, .lane = std::make_shared<Lane>(std::move(parties), clock_, kept_)});
  shard.by_name.emplace(name, shard.by_use.begin());
  return shard.by_use.front().lane;
}

void Lanes::make_room(Shard& shard) const {
  // A lane in use must stay: a second one beside it would use the same counters.
  for (auto entry = shard.by_use.end(); shard.by_use.size() >= capacity_of_shard_ && entry != shard.by_use.begin();) {
    --entry;
    if (entry->lane.use_count() > 1) continue;
    shard.by_name.erase(entry->name);
    entry = shard.by_use.erase(entry);
  }
}

std::size_t Lanes::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.by_use.size();
  }
  return sum;
}

// So that they are kept while they are asked, without the registry's lock.
std::vector<std::shared_ptr<Lane>> Lanes::all() const {
  std::vector<std::shared_ptr<Lane>> lanes;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const Entry& entry : shard.by_use) lanes.push_back(entry.lane);
  }
  return lanes;
}

Lanes::Tally Lanes::tally() const {
  Tally tally;
  for (const auto& lane : all()) {
    const auto state = lane->state();
    if (state.established) ++tally.established;
    tally.waiting += state.waiting;
  }
  return tally;
}

std::vector<LaneState> Lanes::states() const {
  const auto lanes = all();
  std::vector<LaneState> states;
  states.reserve(lanes.size());
  for (const auto& lane : lanes) states.push_back(lane->state());
  return states;
}

bool Lanes::has_session(const std::string& vin) {
  return std::ranges::any_of(kDomains, [&](auto domain) { return find_or_make(vin, domain)->state().established; });
}

Forgotten Lanes::forget(const std::string& vin) {
  Forgotten all;
  for (const auto domain : kDomains) {
    const auto one = find_or_make(vin, domain)->forget();
    all.sessions += one.sessions;
    all.durable = all.durable && one.durable;
  }
  return all;
}

}  // namespace fleetsign::vehicles
