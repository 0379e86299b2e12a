// SPDX-License-Identifier: Apache-2.0
// A vehicle as Fleet API describes it.
#pragma once

#include <string_view>

#include "simulator/car.h"
#include "simulator/garage.h"
#include "simulator/replies.h"

namespace fleetsign::simulator {

std::string_view power_name(Power power);

/// As an item of the list, and alone.
Json vehicle_summary(const Stall& stall, Power power);
/// As wake_up answers: without names and options.
Json vehicle_after_wake(const Stall& stall, Power power);

/// The objects of vehicle_data by name. `endpoints` is the list of those that are wanted, with ';' between them;
/// empty for those that come without being asked for.
Json vehicle_data(const Car& car, Milliseconds unix_time, std::string_view endpoints);

}  // namespace fleetsign::simulator
