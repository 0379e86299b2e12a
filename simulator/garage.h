// SPDX-License-Identifier: Apache-2.0
// The vehicles of a fleet with all that is kept about each, and the counts of requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/authority.h"
#include "simulator/endpoints.h"
#include "simulator/fault_orders.h"
#include "simulator/fleet.h"
#include "simulator/telemetry.h"
#include "simulator/vehicle.h"

namespace fleetsign::simulator {

struct Stall {
  Stall(VehicleStart start, const VehicleRules& rules, std::size_t place)
      : vehicle(std::move(start), rules), number(place) {}

  Vehicle vehicle;
  FaultQueue faults;
  RequestCounts requests;
  Telemetry telemetry;
  std::size_t number;  ///< from 1
};

class Garage {
 public:
  explicit Garage(FleetOptions options);

  [[nodiscard]] const VehicleRules& rules() const { return rules_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Stall>>& stalls() const { return stalls_; }
  /// By VIN, or by the number that Fleet API calls `id`; null when there is no such vehicle.
  [[nodiscard]] Stall* find(std::string_view tag) const;
  /// Requests that concern no vehicle, or more than one.
  [[nodiscard]] RequestCounts& common_requests() { return common_requests_; }
  /// Who may ask for what: the OAuth server's side.
  [[nodiscard]] Authority& authority() { return authority_; }
  /// What the simulation's clock says, in Unix time: the wall clock of its start, and its own since.
  [[nodiscard]] Milliseconds unix_time() const { return unix_start_ + rules_.clock() - start_; }

 private:
  VehicleRules rules_;
  Milliseconds start_;
  Milliseconds unix_start_;
  std::vector<std::unique_ptr<Stall>> stalls_;
  RequestCounts common_requests_;
  Authority authority_;
};

/// Fleet API's `id` of the vehicle with this number.
std::uint64_t vehicle_id(std::size_t number);

}  // namespace fleetsign::simulator
