// SPDX-License-Identifier: Apache-2.0
// Drives one command through its lane and Fleet API to a verdict.
#pragma once

#include <optional>
#include <string>

#include "daemon/upstream/fleet_api.h"
#include "daemon/vehicles/lanes.h"
#include "protocol/exchange.h"
#include "protocol/failure.h"
#include "protocol/payload.h"

namespace fleetsign::vehicles {

struct Order {
  std::string vin;  ///< upper case
  protocol::Payload payload;
  upstream::Bearer token;
  Patience patience;
};

struct Report {
  protocol::Result<protocol::Outcome> outcome;
  int upstream_requests = 0;          ///< signed_command requests that were made, handshakes included
  int handshakes = 0;                 ///< of these
  bool vehicle_key_replaced = false;  ///< the vehicle showed another key than before, and it was followed
  /// Fleet API's own answer, for Kind::upstream_error.
  std::optional<upstream::Delivered> fleet_api_answer = {};
};

/// Safe to use from many threads; each call blocks until its command's end, at the latest its deadline.
class Commander {
 public:
  Commander(Lanes& lanes, const upstream::FleetApi& fleet_api, protocol::ExchangeRules rules)
      : lanes_(lanes), fleet_api_(fleet_api), rules_(rules) {}

  [[nodiscard]] Report execute(const Order& order) const;

 private:
  Lanes& lanes_;
  const upstream::FleetApi& fleet_api_;
  protocol::ExchangeRules rules_;
};

}  // namespace fleetsign::vehicles
