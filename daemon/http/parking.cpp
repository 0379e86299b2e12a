// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/parking.h"

namespace fleetsign::http {

void Parking::put(std::unique_ptr<Connection> connection) {
  const Connection* const key = connection.get();
  deadlines_.emplace(connection->deadline(), key);
  connections_.emplace(key, std::move(connection));
}

std::unique_ptr<Connection> Parking::take(const Connection* connection) {
  auto node = connections_.extract(connection);
  if (node.empty()) return nullptr;
  deadlines_.erase({node.mapped()->deadline(), connection});
  return std::move(node.mapped());
}

std::unique_ptr<Connection> Parking::take_late(Clock::time_point now) {
  return next_deadline() <= now ? take(deadlines_.begin()->second) : nullptr;
}

std::vector<std::unique_ptr<Connection>> Parking::take_if(const std::function<bool(Connection&)>& condition) {
  std::vector<const Connection*> found;
  for (const auto& [key, connection] : connections_) {
    if (condition(*connection)) found.push_back(key);
  }
  std::vector<std::unique_ptr<Connection>> taken;
  taken.reserve(found.size());
  for (const Connection* connection : found) taken.push_back(take(connection));
  return taken;
}

Parking::Clock::time_point Parking::next_deadline() const {
  return deadlines_.empty() ? Clock::time_point::max() : deadlines_.begin()->first;
}

}  // namespace fleetsign::http
