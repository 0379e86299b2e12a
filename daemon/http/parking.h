// SPDX-License-Identifier: Apache-2.0
// The connections that wait for an event, by their deadlines. Who takes one out owns it.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/http/connection.h"

namespace fleetsign::http {

class Parking {
 public:
  using Clock = Connection::Clock;

  void put(std::unique_ptr<Connection> connection);

  /// Null when it is not here or does not even exist any more: the pointer is only compared.
  std::unique_ptr<Connection> take(const Connection* connection);
  /// One whose deadline has come, or null.
  std::unique_ptr<Connection> take_late(Clock::time_point now);
  std::vector<std::unique_ptr<Connection>> take_if(const std::function<bool(Connection&)>& condition);

  /// time_point::max() when nobody is here.
  [[nodiscard]] Clock::time_point next_deadline() const;

 private:
  std::unordered_map<const Connection*, std::unique_ptr<Connection>> connections_;
  std::set<std::pair<Clock::time_point, const Connection*>> deadlines_;
};

}  // namespace fleetsign::http
