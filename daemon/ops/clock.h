// SPDX-License-Identifier: Apache-2.0
// The one reader of the machine's clock since boot; everything else is given an Instant.
#pragma once

#include "protocol/time.h"

namespace fleetsign::ops {

/// CLOCK_BOOTTIME, which goes on while the machine is suspended. Never goes back; safe to call from many threads.
protocol::Instant boot_now();

}  // namespace fleetsign::ops
