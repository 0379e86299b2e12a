// SPDX-License-Identifier: Apache-2.0
// "Did you mean …?"
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fleetsign::config {

/// How many characters must be inserted, removed, replaced or swapped with their neighbour to turn one text into the
/// other (optimal string alignment: nothing is edited twice).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that a mistyped name most likely stands for, the first of equals; nothing when none is close.
/// Of names with dots, the last part alone may be what was meant: "level" stands for "log.level".
std::optional<std::string> suggestion(std::string_view name, std::span<const std::string> candidates);

}  // namespace fleetsign::config
