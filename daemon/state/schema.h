// SPDX-License-Identifier: Apache-2.0
// What stands in state.db, and how a file of an earlier version becomes one of this.
#pragma once

#include <cstdint>

#include "daemon/state/database.h"

namespace fleetsign::state {

/// What a file is to this version.
enum class Fit : std::uint8_t { current, older, newer, foreign };

/// Whose file it is and of which version; an empty one counts as older. Throws DatabaseError.
Fit fit_of(const Database& database);

/// The version that a file says it has; 0 for an empty one.
std::int64_t version_of(const Database& database);
/// The version that this program writes.
std::int64_t current_version();

/// Brings an older file to this version in one transaction. Throws DatabaseError, and then nothing has changed.
void migrate(const Database& database);

}  // namespace fleetsign::state
