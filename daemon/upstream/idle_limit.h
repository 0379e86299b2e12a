// SPDX-License-Identifier: Apache-2.0
// How long a connection may have been idle to be used again. libcurl counts that with a clock that stands still while
// the machine is suspended, and what the other side has closed in the meantime looks young to it.
#pragma once

#include <chrono>
#include <optional>

#include "protocol/time.h"

namespace fleetsign::upstream {

/// For one thread.
class IdleLimit {
 public:
  /// Load balancers commonly close what was idle for a minute. A request that meets the closing is lost, and whether it
  /// was seen is not known; so such a connection is left alone.
  static constexpr std::chrono::seconds kMost{55};

  /// `suspended` is how long the machine has been suspended, all in all, when the first connection is made.
  explicit IdleLimit(protocol::Duration suspended) : suspended_(suspended) {}

  /// For a request that is made now: the limit in whole seconds, beyond which a connection is not used; nothing where
  /// none that there is may be. Connections from before a suspend are beyond it.
  std::optional<std::chrono::seconds> now(protocol::Duration suspended, protocol::Instant now);

 private:
  /// Less than this is how far apart the clocks were read.
  static constexpr protocol::Duration kNoise = std::chrono::seconds(1);

  protocol::Duration suspended_;                 // when that was last seen to have grown
  std::optional<protocol::Duration> resumed_{};  // when it was, in the time that the machine was awake
};

}  // namespace fleetsign::upstream
