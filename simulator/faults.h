// SPDX-License-Identifier: Apache-2.0
// Everything that can be made to go wrong between a client and a vehicle, one row each, and the orders to do so.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "crypto/result.h"
#include "daemon/http/message.h"
#include "simulator/replies.h"
#include "simulator/vehicle.h"

namespace fleetsign::simulator {

struct FaultOrder;

/// Lets a request go its ordinary way, to the vehicle and back.
using Deliver = std::function<http::Reply()>;

/// Changes a vehicle as soon as it is ordered, until it is undone.
using ActAtOnce = void (*)(Vehicle&);
/// Stands between the client and Fleet API.
using ActOnRequest = http::Reply (*)(const FaultOrder&, const Deliver&);
/// Stands between Fleet API and the vehicle; concerns envelopes only.
using ActOnMessage = Message (*)(const FaultOrder&, Vehicle&, const Message& request);

/// What the "ms" of an order means to a fault.
enum class Span {
  unused,
  wait,   ///< so long
  shift,  ///< by so much, back when negative; must be given
};

struct FaultRow {
  std::string_view name;
  std::variant<ActAtOnce, ActOnRequest, ActOnMessage> act;
  Span span = Span::unused;
};

/// Every fault there is, in the order in which they are documented.
std::span<const FaultRow> fault_rows();

/// Which requests an order waits for.
enum class Occasion { command, handshake, any };

struct FaultOrder {
  const FaultRow* fault = nullptr;
  Occasion on = Occasion::command;
  std::uint32_t count = 1;  ///< how many more times
  std::optional<Milliseconds> span;
  std::string host;                  ///< the base URL that a 421 names
  std::optional<std::string> error;  ///< the text of an HTTP error, in place of the usual one
};

/// An order as the control API takes it, or a sentence about what is wrong with it.
crypto::Result<FaultOrder, std::string> parse_order(const Json& body);
Json to_json(const FaultOrder& order);

/// What is on its way to a vehicle.
enum class Errand { signed_command, handshake, unsigned_command, other };

/// The orders for one vehicle, carried out in turn. Has its own lock.
class FaultQueue {
 public:
  static constexpr std::size_t kMost = 1'000;

  /// False when the queue is full.
  [[nodiscard]] bool add(FaultOrder order);
  /// The oldest order for a request of this kind; the order is then done once more.
  std::optional<FaultOrder> take(Errand arrival);
  void clear();
  [[nodiscard]] std::vector<FaultOrder> pending() const;

 private:
  mutable std::mutex mutex_;
  std::deque<FaultOrder> orders_;
};

}  // namespace fleetsign::simulator
