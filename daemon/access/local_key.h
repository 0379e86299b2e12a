// SPDX-License-Identifier: Apache-2.0
// Local keys: what callers show who have no Tesla token of their own, or whom we are to tell from others.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/digest.h"
#include "daemon/state/clients.h"

namespace fleetsign::access {

/// What a key says.
struct LocalKey {
  state::ClientId id{};
  crypto::Sha256Digest secret{};  ///< the hash of a secret of 33 bytes
};

/// A new one, whose text nobody else ever knows.
std::string make_local_key();

/// Nothing for a text that no key has.
std::optional<LocalKey> read_local_key(std::string_view text);

}  // namespace fleetsign::access
