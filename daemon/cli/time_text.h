// SPDX-License-Identifier: Apache-2.0
// Times for people.
#pragma once

#include <cstdint>
#include <string>

namespace fleetsign::cli {

/// "2026-11-29 15:13 UTC"
std::string time_text(std::int64_t unix_time);

}  // namespace fleetsign::cli
