// SPDX-License-Identifier: Apache-2.0
// What lines of the log about requests have in common.
#pragma once

#include <chrono>
#include <string_view>

#include "daemon/ops/log.h"
#include "protocol/time.h"

namespace fleetsign::api {

/// Rounded down, so that the parts of a time never add up to more than all of it.
inline std::chrono::milliseconds whole_ms(protocol::Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

/// For a field whose text may be missing.
inline ops::Plain or_dash(std::string_view text) {
  return {text.empty() ? "-" : text};
}

}  // namespace fleetsign::api
