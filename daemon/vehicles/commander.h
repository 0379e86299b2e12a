// SPDX-License-Identifier: Apache-2.0
// Drives one command through its lane and Fleet API to a verdict.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/upstream/fleet_api.h"
#include "daemon/vehicles/lanes.h"
#include "daemon/vehicles/waker.h"
#include "protocol/exchange.h"
#include "protocol/failure.h"
#include "protocol/payload.h"
#include "protocol/time.h"

namespace fleetsign::vehicles {

struct Order {
  std::string vin;  ///< upper case
  protocol::Payload payload;
  upstream::Bearer token;
  Patience patience;
  bool wake = false;  ///< when it sleeps: to be woken, once, and asked again
};

struct Report {
  protocol::Result<protocol::Outcome> outcome;
  int upstream_requests = 0;      ///< that were made, those for handshakes and for waking included
  int handshakes = 0;             ///< of these
  int uncounted = 0;              ///< of these, not held against the vehicle's local rates
  int billed = 0;                 ///< of these, as commands: neither for waking, nor those that Fleet API failed at
  bool without_protocol = false;  ///< a handshake was answered that the vehicle does not speak it, as far as is known
  bool vehicle_key_replaced = false;  ///< the vehicle showed another key than before, and it was followed
  /// Fleet API's own answer, for Kind::upstream_error.
  std::optional<upstream::Delivered> fleet_api_answer = {};
  std::optional<Waking> waking = {};           ///< where the vehicle slept and was to be woken
  std::string transaction = {};                ///< of Fleet API's last answer, as upstream::transaction_of() has it
  std::vector<std::string_view> desyncs = {};  ///< by which faults the vehicle told of them, as FaultRow names them
  protocol::Duration upstream{};               ///< how long Fleet API was waited for, but for waking
  protocol::Duration waiting{};                ///< how long the vehicle and its other commands were, waking included
};

/// Safe to use from many threads; each call blocks until its command's end, at the latest its deadline.
class Commander {
 public:
  Commander(Lanes& lanes, const upstream::FleetApi& fleet_api, Waker& waker, protocol::ExchangeRules rules)
      : lanes_(lanes), fleet_api_(fleet_api), waker_(waker), rules_(rules) {}

  [[nodiscard]] Report execute(const Order& order) const;

 private:
  void attempt(const Order& order, Report& report) const;

  Lanes& lanes_;
  const upstream::FleetApi& fleet_api_;
  Waker& waker_;
  protocol::ExchangeRules rules_;
};

}  // namespace fleetsign::vehicles
