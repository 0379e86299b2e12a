// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/fault_point.h"

#ifdef FLEETSIGN_FAULT_POINTS

#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace fleetsign::state {

void fault_point(std::string_view name) {
  const char* const chosen = std::getenv("FLEETSIGN_FAULT_POINT");
  if (chosen != nullptr && name == chosen) ::kill(::getpid(), SIGKILL);
}

}  // namespace fleetsign::state

#endif
