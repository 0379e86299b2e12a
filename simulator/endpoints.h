// SPDX-License-Identifier: Apache-2.0
// The endpoints for which requests are counted, and how often each was asked.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fleetsign::simulator {

enum class Endpoint {
  vehicles,
  fleet_status,
  vehicle,
  vehicle_data,
  wake_up,
  signed_command,
  command,
  telemetry_config,
  telemetry_config_jws,
  telemetry_errors,
  authorize,
  token,
  revoke,
  partner_accounts,
  public_key,
  status,
  other,
};

inline constexpr std::array<std::string_view, 17> kEndpointNames{
    "vehicles",       "fleet_status", "vehicle",          "vehicle_data",         "wake_up",
    "signed_command", "command",      "telemetry_config", "telemetry_config_jws", "telemetry_errors",
    "authorize",      "token",        "revoke",           "partner_accounts",     "public_key",
    "status",         "other"};

constexpr std::string_view name_of(Endpoint endpoint) {
  return kEndpointNames[static_cast<std::size_t>(endpoint)];
}

/// Any thread may count.
class RequestCounts {
 public:
  void add(Endpoint endpoint) { ++counts_[static_cast<std::size_t>(endpoint)]; }
  [[nodiscard]] std::uint64_t of(std::size_t endpoint) const { return counts_[endpoint]; }
  void clear() {
    for (auto& count : counts_) count = 0;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kEndpointNames.size()> counts_{};
};

}  // namespace fleetsign::simulator
