// SPDX-License-Identifier: Apache-2.0
// When tokens are refreshed. Pure: `random` is a number from 0 up to, but not including, 1.
#pragma once

#include <chrono>

#include "protocol/time.h"

namespace fleetsign::accounts {

/// Nothing that says that a token is good for longer is believed: Tesla's live for eight hours.
inline constexpr std::chrono::seconds kLongestLifetime = std::chrono::hours(24 * 366);

/// How long before its end a token is replaced: between a tenth and a fifth of its lifetime, so that many daemons, and
/// many accounts of one, do not ask at the same moment.
protocol::Duration time_ahead(protocol::Duration lifetime, double random);

/// The OAuth server's word on when to come back is taken up to here.
inline constexpr std::chrono::seconds kLongestRetry{86'400};

inline constexpr protocol::Duration kLongestBackOff = std::chrono::minutes(15);

/// How long to wait after so many failures in a row, 1 or more: from 5 seconds, doubled each time, up to 15 minutes,
/// and of that between half and all.
protocol::Duration back_off(int failures, double random);

}  // namespace fleetsign::accounts
