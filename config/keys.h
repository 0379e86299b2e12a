// SPDX-License-Identifier: Apache-2.0
// The key table: one row for each configuration key. Loader, messages, help, example and README come from it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/config.h"

namespace YAML {
class Node;
}

namespace fleetsign::config {

struct Key {
  std::string_view name;     ///< as in the file, with dots: "fleet_api.base_url"
  std::string_view type;     ///< for people: "duration", "path", "auto | na | eu | cn" …
  std::string_view fallback; ///< the default, as one would write it; empty: none
  std::string_view summary;
  /// Sets the member. Returns what is wrong with the value, in words that follow "KEY: ", or nothing.
  std::optional<std::string> (*set)(Config& config, const YAML::Node& value);
};

/// All keys, in the order in which people read them.
std::span<const Key> keys();

/// The row of that name, or null.
const Key* find_key(std::string_view name);

}  // namespace fleetsign::config
