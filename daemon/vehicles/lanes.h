// SPDX-License-Identifier: Apache-2.0
// All lanes, by vehicle and domain, each with the key that signs for the vehicle. Bounded: the lane that was used
// longest ago makes room.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/state/sessions.h"
#include "daemon/vehicles/client_keys.h"
#include "daemon/vehicles/lane.h"
#include "protocol/payload.h"
#include "protocol/time.h"

namespace fleetsign::vehicles {

/// Safe to use from many threads.
class Lanes {
 public:
  static constexpr std::size_t kShards = 16;  ///< fewer for a capacity below

  static constexpr std::size_t kCapacity = 20'000;

  /// `capacity` lanes (1 or more) at most, but for those in use. `kept`, which outlives this object, is where their
  /// sessions outlive them; null for nowhere.
  Lanes(ClientKeys keys, Clock clock, std::size_t capacity = kCapacity, state::Sessions* kept = nullptr);

  /// The lane of that vehicle (VIN in upper case) and domain, made when there is none. The caller keeps it alive.
  std::shared_ptr<Lane> find_or_make(const std::string& vin, protocol::Domain domain);

  [[nodiscard]] std::size_t size() const;

  /// How many have an established session, and how many commands wait in them for their turn.
  struct Tally {
    std::size_t established = 0;
    std::size_t waiting = 0;
  };
  [[nodiscard]] Tally tally() const;

  /// What the clock says that all lanes go by.
  [[nodiscard]] protocol::Instant now() const { return clock_(); }

  /// Of each lane, the state at some moment of the call.
  [[nodiscard]] std::vector<LaneState> states() const;

  /// Whether a session with the vehicle (VIN in upper case) is established, in either domain.
  [[nodiscard]] bool has_session(const std::string& vin);

  /// Forgets the sessions of a vehicle (VIN in upper case), with its keys.
  Forgotten forget(const std::string& vin);

 private:
  struct Entry {
    std::string name;
    std::shared_ptr<Lane> lane;  // shared with whoever is inside
  };
  struct Shard {
    mutable std::mutex mutex;  // guards the rest
    std::list<Entry> by_use;   // the latest first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_name;
  };

  [[nodiscard]] std::vector<std::shared_ptr<Lane>> all() const;
  Shard& shard_of(const std::string& name) { return shards_[std::hash<std::string>{}(name) % shards_.size()]; }
  void make_room(Shard& shard) const;

  ClientKeys keys_;
  Clock clock_;
  state::Sessions* kept_;
  std::vector<Shard> shards_;
  std::size_t capacity_of_shard_;
};

}  // namespace fleetsign::vehicles
