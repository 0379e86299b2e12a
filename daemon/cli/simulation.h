// SPDX-License-Identifier: Apache-2.0
// A simulated fleet behind a listener of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/result.h"
#include "daemon/http/listener.h"
#include "simulator/fleet.h"

namespace fleetsign::cli {

class Simulation {
 public:
  /// Serves when it returns.
  static crypto::Result<std::unique_ptr<Simulation>, http::ListenError> start(const std::string& url,
                                                                              simulator::FleetOptions options);

  [[nodiscard]] std::string url() const { return listener_->urls().front(); }
  [[nodiscard]] std::vector<std::string> vins() const { return fleet_.vins(); }

  void stop();

 private:
  explicit Simulation(simulator::FleetOptions options) : fleet_(std::move(options)) {}

  simulator::Fleet fleet_;
  std::unique_ptr<http::Listener> listener_{};
};

}  // namespace fleetsign::cli
