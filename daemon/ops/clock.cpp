// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/clock.h"

#include <ctime>

namespace fleetsign::ops {

protocol::Instant boot_now() {
  // It fails only for a clock that the kernel lacks, and Linux has had this one since 2.6.39.
  std::timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return protocol::Instant(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace fleetsign::ops
