// SPDX-License-Identifier: Apache-2.0
// Orders that something should go wrong: how they are spelled, and the queue in which they wait.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crypto/result.h"
#include "simulator/faults.h"
#include "simulator/orders.h"
#include "simulator/replies.h"

namespace fleetsign::simulator {

/// Which requests an order waits for.
enum class Occasion { command, handshake, any };

struct FaultOrder {
  const FaultRow* fault = nullptr;
  Occasion on = Occasion::command;
  std::uint32_t count = 1;  ///< how many more times
  std::optional<Milliseconds> ms;
  std::string host;                  ///< the base URL that a 421 names; empty for one of another region
  std::optional<std::string> error;  ///< the text of an HTTP error, in place of the usual one
};

/// An order as the control API takes it, or a sentence about what is wrong with it.
crypto::Result<FaultOrder, std::string> parse_order(const Json& body);
Json to_json(const FaultOrder& order);

/// What is on its way to a vehicle.
enum class Errand { signed_command, handshake, unsigned_command, other };

/// The orders for one vehicle.
class FaultQueue : public OrderQueue<FaultOrder> {
 public:
  /// The oldest order for such a request, which is then done once more.
  std::optional<FaultOrder> take(Errand errand);
};

}  // namespace fleetsign::simulator
