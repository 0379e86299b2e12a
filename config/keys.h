// SPDX-License-Identifier: Apache-2.0
// The key table: one row for each configuration key. Loader, messages, help, example and docs/configuration.md come
// from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/entry.h"

namespace fleetsign::config {

/// What becomes of a changed value when the configuration is read anew.
enum class Reload {
  restart,  ///< it waits for a restart
  applied,
};

struct Key {
  std::string_view name;      ///< as in the file, with dots: "fleet_api.base_url"
  std::string_view type;      ///< for people: "duration", "path", "auto | na | eu | cn" …
  std::string_view fallback;  ///< the default, as one would write it; empty: none
  std::string_view example;   ///< a value that is not the default, as one would write it
  std::string_view summary;   ///< one sentence without a full stop
  /// Sets the member, or leaves it and complains.
  void (*set)(Config& config, const Entry& entry);
  Reload reload = Reload::restart;
  bool only_in_file = false;  ///< no flag and no variable can say as much
};

/// What people read of a key: the summary, and what goes for it beside that.
std::string describe(const Key& key);

/// All keys, in the order in which people read them; those of a group ("log.") stand together.
std::span<const Key> keys();

/// The row of that name, or null.
const Key* find_key(std::string_view name);

constexpr std::string_view kEnvironmentPrefix = "FLEETSIGN_";

/// The environment variable that sets the key: "FLEETSIGN_FLEET_API_BASE_URL".
std::string environment_name(std::string_view key);

}  // namespace fleetsign::config
