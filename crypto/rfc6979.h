// SPDX-License-Identifier: Apache-2.0
// Nonces of signatures that follow from the key and the message (RFC 6979 with HMAC-SHA256), so that no weak source of
// randomness gives the key away. For the sources of this folder only.
#pragma once

#include <array>
#include <cstdint>

#include "crypto/digest.h"
#include "crypto/secret.h"

namespace fleetsign::crypto {

/// RFC 6979 section 3.2: k, from 1 to q-1, for a group whose order q has 256 bits (the first one is set), a private key
/// x below it, and the hash of the message; all big-endian. In a time that depends on how many candidates are refused,
/// and on nothing else of x and k: in P-256 that is one in 2^32, and none of them is used.
Secret<32> deterministic_nonce(const std::array<std::uint8_t, 32>& q, const Secret<32>& x, const Sha256Digest& hash);

}  // namespace fleetsign::crypto
