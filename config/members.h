// SPDX-License-Identifier: Apache-2.0
// The members of a map by their names, which a table lists.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "config/entry.h"

namespace fleetsign::config {

/// Calls `set(index, member)` for each member of the map, `index` telling its name. A dot in a name stands for a map
/// within the map. Complains about members that are unknown or set twice, and about what is no map; an absent value is
/// an empty map.
void read_members(const Entry& map, std::span<const std::string> names,
                  const std::function<void(std::size_t, const Entry&)>& set);

}  // namespace fleetsign::config
