// SPDX-License-Identifier: Apache-2.0
// A configuration in use, and what it becomes when its sources are read anew.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace fleetsign::config {

struct Merged {
  Loaded running;                    ///< to go on with; where it has problems, it is of no use
  std::vector<std::string> applied;  ///< keys that have another meaning now
  std::vector<std::string> waiting;  ///< keys that will have one after a restart
};

/// Takes over of `fresh`, which has no problems, the keys that need no restart, and keeps the others. The problems of
/// the outcome are such as a restart mends: what was taken over does not go with what was kept.
Merged merge(const Loaded& running, const Loaded& fresh);

}  // namespace fleetsign::config
