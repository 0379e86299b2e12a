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

class Turn;

/// VCSEC demands commands in counter order, so it takes one at a time, first come first served. Infotainment accepts
/// them out of order inside a window, so there they overlap. Safe to use from many threads.
class Lane : public std::enable_shared_from_this<Lane> {
 public:
  static constexpr std::size_t kOverlapping = 8;
  static constexpr std::size_t kQueue = 64;

  Lane(protocol::Parties parties, Clock clock);

  /// Waits for a turn. Kind::overloaded when too many wait already, Kind::expired_unsent when the caller's patience
  /// ends.
  protocol::Result<Turn> enter(const Patience& patience);

  [[nodiscard]] LaneState state() const;

  /// Gives the session up, and the vehicle's key with it: the next command needs a handshake, and trusts what it shows.
  void forget();

 private:
  friend class Turn;
  struct Waiter {
    std::condition_variable admitted_changed;
    bool admitted = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  // These take the held lock as proof.
  void leave(const Lock& held);
  [[nodiscard]] bool window_is_full(const Lock& held) const;

  const Clock clock_;
  const std::size_t overlapping_;
  mutable std::mutex mutex_;  // guards everything below
  protocol::Session session_;
  std::size_t inside_ = 0;
  std::list<Waiter*> queue_{};
  bool handshake_under_way_ = false;
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

 private:
  friend class Lane;
  explicit Turn(std::shared_ptr<Lane> lane) : lane_(std::move(lane)) {}
  void settle(const Lane::Lock& held);

  std::shared_ptr<Lane> lane_;  // the registry's too: a lane lives while someone is inside
  bool leads_handshake_ = false;
  std::optional<std::pair<std::array<std::uint8_t, 16>, std::uint32_t>> outstanding_{};
};

}  // namespace fleetsign::vehicles
