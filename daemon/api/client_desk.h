// SPDX-License-Identifier: Apache-2.0
// Who gets a local key, and who loses it: in the same words from the daemon and from a sub-command without one.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/state/clients.h"
#include "protocol/failure.h"

namespace fleetsign::api {

/// Safe to use from many threads.
class ClientDesk {
 public:
  /// The clients outlive it. `unix_now` gives seconds, and may be called from many threads.
  ClientDesk(state::Clients& clients, std::function<std::int64_t()> unix_now)
      : clients_(clients), unix_now_(std::move(unix_now)) {}

  /// Of a JSON object {name, lifetime}, where `lifetime`, in seconds from now, is optional: {name, key}, which is told
  /// this once.
  [[nodiscard]] protocol::Result<nlohmann::ordered_json> add(std::string_view body) const;

  /// {clients: [{name, created, expires, expired}]}, by name.
  [[nodiscard]] protocol::Result<nlohmann::ordered_json> all() const;

  /// {name}, whose key lets nobody in from now on.
  [[nodiscard]] protocol::Result<nlohmann::ordered_json> revoke(const std::string& name) const;

 private:
  state::Clients& clients_;
  std::function<std::int64_t()> unix_now_;
};

}  // namespace fleetsign::api
