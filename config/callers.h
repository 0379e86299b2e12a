// SPDX-License-Identifier: Apache-2.0
// The values of `callers` and `confirm`. What the names of commands and groups stand for is not known here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/entry.h"

namespace fleetsign::config {

/// The entry of this name is for whoever has no entry.
inline constexpr std::string_view kAnybody = "*";

/// Up to 64 lower-case letters, digits, ".", "_" and "-", the first a letter or digit.
bool is_caller_name(std::string_view name);
/// What to do about one that is none.
inline constexpr const char* kCallerNameHint =
    "write up to 64 lower-case letters, digits, \".\", \"_\" and \"-\", such as wall-panel";

/// A list of maps, as only a file can have it. Each has a name; no two share a name or a credential; and the entry of
/// kAnybody has neither a credential nor an account, for who shows nothing must bring an own token.
std::optional<std::vector<CallerEntry>> read_callers(const Entry& entry);

/// A list of names of commands and groups, or one with commas.
std::optional<std::vector<std::string>> read_confirm(const Entry& entry);

}  // namespace fleetsign::config
