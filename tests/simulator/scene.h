// SPDX-License-Identifier: Apache-2.0
// A vehicle, clients whose keys it accepts, and a clock that stands still until it is moved.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "crypto/random.h"
#include "simulator/vehicle.h"
#include "tests/simulator/client.h"

namespace fleetsign::test {

using CarServer::VehicleAction;
using simulator::Milliseconds;
using simulator::Vehicle;

inline constexpr std::uint32_t kClock = 2650;

inline simulator::DomainStart domain_start(UniversalMessage::Domain name) {
  return {
      .name = name, .key = crypto::PrivateKey::generate(), .epoch = crypto::random_bytes<16>(), .clock_time = kClock};
}

struct Scene {
  explicit Scene(std::size_t more_clients = 0) {
    for (std::size_t i = 0; i < more_clients; ++i) others.emplace_back(vin);
    rules.clients.push_back(client.point());
    for (const auto& other : others) rules.clients.push_back(other.point());
    rules.clock = [this] { return now; };
    vehicle.emplace(
        simulator::VehicleStart{
            .vin = vin, .security = domain_start(kSecurity), .infotainment = domain_start(kInfotainment)},
        rules);
    greet(client);
    for (auto& other : others) greet(other);
  }

  void greet(Client& whom) {
    for (auto domain : {kSecurity, kInfotainment}) {
      const auto request = whom.handshake(domain);
      REQUIRE(whom.adopt(request, vehicle->receive(request)));
    }
  }

  simulator::Fault fault_of(const RoutableMessage& request) {
    return vehicle->receive(request).signedmessagestatus().signed_message_fault();
  }

  const std::string vin = "5YJS0000000000001";
  Milliseconds now{1'000'000};
  Client client{vin};
  std::vector<Client> others;
  simulator::VehicleRules rules;
  std::optional<Vehicle> vehicle;
};

inline VehicleAction honk() {
  VehicleAction action;
  action.mutable_vehiclecontrolhonkhornaction();
  return action;
}

inline VCSEC::UnsignedMessage lock() {
  VCSEC::UnsignedMessage message;
  message.set_rkeaction(VCSEC::RKE_ACTION_LOCK);
  return message;
}

}  // namespace fleetsign::test
