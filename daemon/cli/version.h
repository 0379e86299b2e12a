// SPDX-License-Identifier: Apache-2.0
// Which fleetsign this is, and what it is made of.
#pragma once

#include <string>
#include <string_view>

namespace fleetsign::cli {

/// The commit that it was built from, as 12 hex digits, with "-changed" behind them where files differed from it;
/// "unknown" when it was not built in a clone.
std::string_view commit();

/// The day of that commit in UTC, or of SOURCE_DATE_EPOCH where that was set: "2026-01-31".
std::string_view day();

/// What `--version` prints, without a newline at its end. The first line is "fleetsign VERSION (COMMIT)".
std::string version_text();

}  // namespace fleetsign::cli
