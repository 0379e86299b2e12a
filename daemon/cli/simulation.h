// SPDX-License-Identifier: Apache-2.0
// A simulated fleet behind a listener of its own.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "crypto/private_key.h"
#include "crypto/result.h"
#include "daemon/http/listener.h"
#include "simulator/fleet.h"

namespace fleetsign::cli {

class Simulation {
 public:
  /// Serves when it returns; every vehicle accepts the key.
  static crypto::Result<std::unique_ptr<Simulation>, http::ListenError> start(const std::string& url,
                                                                              std::size_t vehicles,
                                                                              const crypto::PublicPoint& key);

  [[nodiscard]] std::string url() const { return listener_->urls().front(); }
  [[nodiscard]] std::vector<std::string> vins() const { return fleet_.vins(); }

  void stop();

 private:
  Simulation(std::size_t vehicles, const crypto::PublicPoint& key);

  simulator::Fleet fleet_;
  std::unique_ptr<http::Listener> listener_{};
};

}  // namespace fleetsign::cli
