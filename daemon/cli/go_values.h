// SPDX-License-Identifier: Apache-2.0
// Values as Go's flag package writes them, which is how users of tesla-http-proxy do.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace fleetsign::cli {

/// 1, t, T, TRUE, true, True, and the same for 0 and false; nothing for any other word.
std::optional<bool> read_go_boolean(std::string_view text);

/// Numbers with units, one behind the other: "1m30s", "1.5h", "500ms", "-1s", "0". Part of a millisecond counts as one.
/// Nothing for what is no duration, or is longer than a hundred years.
std::optional<std::chrono::milliseconds> read_go_duration(std::string_view text);

}  // namespace fleetsign::cli
