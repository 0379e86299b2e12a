// SPDX-License-Identifier: Apache-2.0
// Places where a test ends the process, as a power cut would: what is kept must be right whichever it was.
#pragma once

#include <string_view>

namespace fleetsign::state {

// The way of new tokens, in its order.
inline constexpr std::string_view kBeforeRefresh = "before_refresh";         ///< nothing was asked
inline constexpr std::string_view kAfterRefresh = "after_refresh";           ///< the reply is in memory only
inline constexpr std::string_view kBeforeTokenWrite = "before_token_write";  ///< in the transaction, which is empty
inline constexpr std::string_view kAfterTokenWrite = "after_token_write";    ///< in the transaction, not committed
inline constexpr std::string_view kAfterTokenCommit = "after_token_commit";  ///< on the disk, and not told yet
inline constexpr std::string_view kBeforeTokenUse = "before_token_use";      ///< in use from the next request on

#ifdef FLEETSIGN_FAULT_POINTS
/// Kills the process if FLEETSIGN_FAULT_POINT in its environment has this name.
void fault_point(std::string_view name);
#else
inline void fault_point(std::string_view /*name*/) {}
#endif

}  // namespace fleetsign::state
