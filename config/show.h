// SPDX-License-Identifier: Apache-2.0
// A configuration as it counts, and where each part of it comes from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/keys.h"
#include "config/load.h"
#include "config/value.h"

namespace fleetsign::config {

struct Shown {
  const Key* key = nullptr;
  std::optional<Value> value;  ///< nothing: it has none, and no default
  std::string origin;          ///< "default", or as Loaded has it
};

/// One for each key, in the order of the table. What was loaded has no problems.
std::vector<Shown> show(const Loaded& loaded);

/// As a configuration file that sets each key with a value to that, with its origin behind it as a comment. Keys
/// without a value are comments, where they are asked for.
std::string to_yaml(const std::vector<Shown>& all, bool with_unset);

}  // namespace fleetsign::config
