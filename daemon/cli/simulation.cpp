// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/simulation.h"

#include <chrono>
#include <utility>

namespace fleetsign::cli {
crypto::Result<std::unique_ptr<Simulation>, http::ListenError> Simulation::start(const std::string& url,
                                                                                 simulator::FleetOptions options) {
  std::unique_ptr<Simulation> simulation(new Simulation(std::move(options)));
  auto& fleet = simulation->fleet_;
  auto listener =
      http::Listener::open({.endpoints = {{.url = url}},
                            .limits = {},
                            .handler = [&fleet](const http::Request& request) { return fleet.handle(request); },
                            .express_paths = {},
                            .refusal = {}});
  if (!listener) return std::move(listener).error();
  simulation->listener_ = *std::move(listener);
  return simulation;
}

void Simulation::stop() {
  listener_->shut_down(std::chrono::seconds(1));
}

}  // namespace fleetsign::cli
