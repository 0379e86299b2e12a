// SPDX-License-Identifier: Apache-2.0
// Schnorr signatures over P-256 with SHA-256, in the manner of RFC 8235: what Tesla calls SS256.
#pragma once

#include <array>
#include <cstdint>

#include "crypto/bytes.h"
#include "crypto/private_key.h"

namespace fleetsign::crypto {

/// x and y of the point V, then the number r: big-endian, 32 bytes each.
using SchnorrSignature = std::array<std::uint8_t, 96>;

/// The same key and message always give the same signature. Any number of threads may sign with one key at once.
SchnorrSignature sign_schnorr(const PrivateKey& key, ByteView message);

}  // namespace fleetsign::crypto
