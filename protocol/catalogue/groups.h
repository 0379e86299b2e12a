// SPDX-License-Identifier: Apache-2.0
// Commands that are allowed, or confirmed, together: by what they are about, and by what they could do to whom.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "protocol/catalogue/catalogue.h"

namespace fleetsign::catalogue {

struct Group {
  std::string_view name;
  std::string_view summary;
  std::vector<std::string_view> commands;  ///< their names, in the order of commands()
};

/// All groups. Each command is in one at least, and no group has the name of a command.
std::span<const Group> groups();
/// Nothing for a name that no group has.
const Group* find_group(std::string_view name);
/// The names of the groups that the command is in.
std::vector<std::string_view> groups_of(const Command& command);

}  // namespace fleetsign::catalogue
