// SPDX-License-Identifier: Apache-2.0
// Fleet API without a network: requests go straight to simulated vehicles, unless a test stands in between.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "daemon/upstream/client.h"
#include "protocol/proto/universal_message.pb.h"
#include "simulator/fleet.h"
#include "tests/daemon/support/opened.h"

namespace fleetsign::test {

class FleetClient final : public upstream::Client {
 public:
  /// An answer in place of Fleet API's, or nothing to let the request through. Called in the thread that sends.
  using Between = std::function<std::optional<upstream::Answer>(const upstream::Request&)>;

  explicit FleetClient(simulator::Fleet& fleet) : fleet_(fleet) {}

  upstream::Answer send(const upstream::Request& request) override;
  upstream::Opening open(const upstream::Request& request) override { return opened(send(whole(request))); }
  [[nodiscard]] std::optional<std::string> why_stopped() const override { return std::nullopt; }
  void wind_down() override {}
  void shut_down() override {}

  void stand_between(Between between);
  /// Everything that was sent, in order.
  [[nodiscard]] std::vector<upstream::Request> requests() const;
  void forget_requests();

  /// Orders a fault of the simulator's, such as {"fault": "reboot"}.
  void order(const std::string& vin, const nlohmann::json& fault);
  /// Has a vehicle accept that enrolled key, and no other.
  void pair(const std::string& vin, const crypto::PublicPoint& key);
  /// What the simulator says of a vehicle.
  [[nodiscard]] nlohmann::json report(const std::string& vin);

 private:
  nlohmann::json control(const std::string& method, const std::string& target, const std::string& body);

  simulator::Fleet& fleet_;
  mutable std::mutex mutex_;  // guards the rest
  Between between_{};
  std::vector<upstream::Request> requests_{};
};

/// The envelope in a request to signed_command; nothing in any other request.
std::optional<UniversalMessage::RoutableMessage> envelope_of(const upstream::Request& request);
bool is_handshake(const upstream::Request& request);
/// Of a command; 0 for anything else.
std::uint32_t counter_of(const upstream::Request& request);
/// The token that a request carries, without its scheme.
std::string token_of(const upstream::Request& request);

/// Not a byte of the request was sent.
upstream::Answer unreachable();
/// It was sent, and no answer came.
upstream::Answer lost();
/// Fleet API's own answer.
upstream::Answer answered(int status, std::string body = {});

}  // namespace fleetsign::test
