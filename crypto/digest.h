// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <initializer_list>

#include "crypto/bytes.h"

namespace fleetsign::crypto {

using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

/// SHA-1, which the vehicle protocol uses to shorten a shared secret; nothing else here relies on it.
Sha1Digest sha1(ByteView data);
/// SHA-256 of the parts as if they were one string.
Sha256Digest sha256(std::initializer_list<ByteView> parts);
/// HMAC-SHA256 (RFC 2104) of the parts as if they were one string. The key may have any length.
Sha256Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);

}  // namespace fleetsign::crypto
