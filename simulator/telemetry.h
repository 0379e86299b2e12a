// SPDX-License-Identifier: Apache-2.0
// Telemetry configurations: what Fleet API takes, and what vehicles make of it.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/private_key.h"
#include "daemon/http/message.h"
#include "simulator/replies.h"

namespace fleetsign::simulator {

class Garage;
struct Stall;
struct TelemetryToken;

/// The configuration that a vehicle was given last. Any thread may call.
class Telemetry {
 public:
  struct Report {
    std::string token;       ///< empty: there is none
    Json claims = nullptr;   ///< of the token
    std::string error = {};  ///< why the vehicle does not follow it; empty when it does
  };

  /// The vehicle knows the keys of `known` only.
  void configure(std::string text, const TelemetryToken& token, const std::vector<crypto::PublicPoint>& known);
  /// Whether there was one.
  bool remove();
  [[nodiscard]] Report report() const;

 private:
  mutable std::mutex mutex_;
  Report report_{};
};

/// The endpoints of Fleet API. Those of a vehicle that is not online answer, too: they are Fleet API's own records.
http::Reply configure_telemetry(Garage& garage, const http::Request& request);
http::Reply refuse_unsigned_telemetry();
http::Reply telemetry_config_of(const Stall& stall);
http::Reply remove_telemetry_config(Stall& stall);
http::Reply telemetry_errors_of(const Stall& stall);

/// What the control path shows.
Json telemetry_json(const Telemetry& telemetry);

}  // namespace fleetsign::simulator
