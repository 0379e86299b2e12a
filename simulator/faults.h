// SPDX-License-Identifier: Apache-2.0
// Everything that can be made to go wrong between a client and a vehicle, one row each.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <variant>

#include "daemon/http/message.h"
#include "simulator/vehicle.h"

namespace fleetsign::simulator {

struct FaultOrder;
class FaultQueue;

/// Lets a request go its ordinary way, to the vehicle and back.
using Deliver = std::function<http::Reply()>;

/// Changes a vehicle as soon as it is ordered, until it is undone.
using ActAtOnce = void (*)(Vehicle&);
/// Stands between the client and Fleet API. The queue is the vehicle's, to wait on.
using ActOnRequest = http::Reply (*)(const FaultOrder&, const Deliver&, FaultQueue&);
/// Stands between Fleet API and the vehicle; concerns envelopes only.
using ActOnMessage = Message (*)(const FaultOrder&, Vehicle&, const Message& request);

/// What the "ms" of an order means to a fault.
enum class MsUse {
  none,
  wait,   ///< so long
  shift,  ///< by so much, back when negative; it must be given
};

struct FaultRow {
  std::string_view name;
  std::variant<ActAtOnce, ActOnRequest, ActOnMessage> act;
  MsUse ms = MsUse::none;
};

/// Every fault there is.
std::span<const FaultRow> fault_rows();

/// By its name, where "http_" may be left out; null when there is none.
const FaultRow* find_fault(std::string_view name);

}  // namespace fleetsign::simulator
