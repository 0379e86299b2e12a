// SPDX-License-Identifier: Apache-2.0
// The sessions that outlive the process: with the vehicle's key and clock and a counter ahead of every used one, and
// without any secret.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "crypto/private_key.h"
#include "daemon/ops/clock.h"
#include "daemon/state/store.h"
#include "protocol/failure.h"
#include "protocol/payload.h"
#include "protocol/session.h"

namespace fleetsign::state {

/// Between whom a session is.
struct SessionKey {
  crypto::PublicPoint client{};
  std::string vin;  ///< upper case
  protocol::Domain domain{};
};

/// What becomes of a vehicle whose session cannot be read: a new one, or, where its key must be the one that it had,
/// none.
enum class Unreadable : std::uint8_t { starts_afresh, is_refused };

/// Safe to use from many threads; each call may wait for the disk.
class Sessions {
 public:
  Sessions(Store& store, std::function<ops::Moment()> now, Unreadable unreadable = Unreadable::starts_afresh)
      : store_(store), now_(std::move(now)), unreadable_(unreadable) {}

  /// What was kept, with the time of the clock bound on today's clock, or without when that cannot be told. Nothing
  /// when there is none. Kind::state_unavailable for what cannot be read and is refused then.
  [[nodiscard]] protocol::Result<std::optional<protocol::Remembered>> recall(const SessionKey& key) const;

  /// Whether no later run will use a counter up to remembered.counter: it is durable, or all counters in the file are
  /// declared void.
  bool keep(const SessionKey& key, const protocol::Remembered& remembered);

  /// Whether that is durable.
  bool erase(const SessionKey& key);

 private:
  Store& store_;
  std::function<ops::Moment()> now_;
  Unreadable unreadable_;
};

}  // namespace fleetsign::state
