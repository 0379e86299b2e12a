// SPDX-License-Identifier: Apache-2.0
// How much a line of the log matters.
#pragma once

namespace fleetsign::ops {

enum class Level { error, warning, info, debug };

}  // namespace fleetsign::ops
