// SPDX-License-Identifier: Apache-2.0
// The value of `accounts`.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "config/config.h"
#include "config/entry.h"

namespace fleetsign::config {

/// A map of names to `managed` or {access_token_file}, as only a file can have it. Each has all that it needs.
std::optional<std::map<std::string, Account>> read_accounts(const Entry& entry);

}  // namespace fleetsign::config
