// SPDX-License-Identifier: Apache-2.0
// The way to one domain of one vehicle: who may send now, and the session that all of them share.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "daemon/state/sessions.h"
#include "daemon/vehicles/patience.h"
#include "protocol/exchange.h"
#include "protocol/failure.h"
#include "protocol/session.h"
#include "protocol/time.h"

namespace fleetsign::vehicles {

/// A lane as it is just now.
struct LaneState {
  std::string vin;
  protocol::Domain domain{};
  bool established = false;  ///< the next command needs no handshake
  std::uint32_t counter = 0;
  protocol::Epoch epoch{};
  bool replies_encrypted = false;
  std::size_t inside = 0;
  std::size_t waiting = 0;
};

struct Forgotten {
  std::size_t sessions = 0;  ///< how many there were
  bool durable = true;       ///< whether a restart leaves it at that
};

class Turn;

/// VCSEC demands commands in counter order, so it takes one at a time, first come first served. Infotainment accepts
/// them out of order inside a window, so there they overlap. Safe to use from many threads.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  static constexpr std::size_t kOverlapping = 8;
  static constexpr std::size_t kQueue = 64;
  /// How many counters are made durable at once, before the first of them is used: the price of a restart.
  static constexpr std::uint32_t kLease = 1000;

  /// `kept`, which outlives the lane, is what it goes on from and where it keeps its session; null for neither.
  Lane(protocol::Parties parties, Clock clock, state::Sessions* kept = nullptr);

  /// Waits for a turn. Kind::overloaded when too many wait already, Kind::expired_unsent when the caller's patience
  /// ends.
  protocol::Result<Turn> enter(const Patience& patience);

  [[nodiscard]] LaneState state() const;
  /// The key that signs here, by its public half.
  [[nodiscard]] const crypto::PublicPoint& client() const { return key_.client; }

  /// Gives the session up, and the vehicle's key with it: the next command needs a handshake, and trusts what it shows.
  Forgotten forget();

 private:
  friend class Turn;
  struct Waiter {
    std::condition_variable admitted_changed;
    bool admitted = false;
  };
  using Lock = std::unique_lock<std::mutex>;
  /// Counters that may be used: a restart will not take them up again.
  struct Lease {
    std::uint64_t generation = 0;  ///< of the session that was kept
    bool answers_encrypted = false;
    std::uint32_t mark = 0;  ///< the last of them
  };

  // These take the held lock as proof.
  void leave(const Lock& held);
  [[nodiscard]] bool window_is_full(const Lock& held) const;
  [[nodiscard]] bool is_leased(const Lock& held) const;
  /// While it lives, its caller alone deals with the disk, without the lock.
  class DiskTurn;
  // These let go of the lock in between.
  std::optional<protocol::Failure> recall(Lock& held);
  std::optional<protocol::Failure> lease(Lock& held);

  const Clock clock_;
  state::Sessions* const kept_;
  const state::SessionKey key_;
  const std::size_t overlapping_;
  mutable std::mutex mutex_;  // guards everything below
  protocol::Session session_;
  std::size_t inside_ = 0;
  std::list<Waiter*> queue_{};
  bool handshake_under_way_ = false;
  bool disk_under_way_ = false;  // of one caller at a time
  bool recalled_;
  Lease lease_{};
  std::set<std::pair<std::array<std::uint8_t, 16>, std::uint32_t>> outstanding_{};  // epoch and counter
  std::condition_variable changed_{};
};

/// A place inside a lane, given back when it ends. Used by one thread.
class Turn {
 public:
  Turn(Turn&&) noexcept = default;
  Turn& operator=(Turn&&) = delete;
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn();

  /// The exchange's next step. Waits while another caller's handshake is under way, or while the window is full.
  protocol::Step next(protocol::Exchange& exchange, const Patience& patience);

  /// Hands the answer to the last Send to the exchange. Whether the session has got another key of the vehicle by it.
  bool receive(protocol::Exchange& exchange, const protocol::Answer& answer);

  /// Sleeps until then, or until the caller's patience ends.
  void pause(protocol::Instant until, const Patience& patience);

  /// For how long next() and pause() have waited so far.
  [[nodiscard]] protocol::Duration waited() const { return waited_; }

 private:
  friend class Lane;
  explicit Turn(std::shared_ptr<Lane> lane) : lane_(std::move(lane)) {}
  void settle(const Lane::Lock& held);

  std::shared_ptr<Lane> lane_;  // the registry's too: a lane lives while someone is inside
  bool leads_handshake_ = false;
  protocol::Duration waited_{};
  std::optional<std::pair<std::array<std::uint8_t, 16>, std::uint32_t>> outstanding_{};
};

}  // namespace fleetsign::vehicles
