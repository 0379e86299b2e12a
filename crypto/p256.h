// SPDX-License-Identifier: Apache-2.0
// The group of P-256 and its points as OpenSSL has them. For the sources of this folder only.
#pragma once

#include <array>
#include <cstdint>

#include "crypto/openssl.h"
#include "crypto/private_key.h"

namespace fleetsign::crypto {

using Point = Handle<EC_POINT, EC_POINT_free>;
using BigNumberContext = Handle<BN_CTX, BN_CTX_free>;

/// A number of 256 bits, big-endian: of one that is secret, the bytes are in a Secret.
using Scalar = std::array<std::uint8_t, 32>;

inline constexpr std::uint8_t kUncompressed = 0x04;

/// The group, which nothing changes: any thread may use it.
const EC_GROUP* p256();
/// Its order, n.
const BIGNUM* order_of_p256();

Point new_point();

/// The point times the base point. The scalar may be secret: with no other point to add, EC_POINT_mul() takes a time
/// that does not depend on it, by OpenSSL's table for P-256 that is read in whole, or else by its Montgomery ladder.
Point multiply_base_point(const BIGNUM* scalar);

/// The point, which is not at infinity. In a time that does not depend on it.
PublicPoint encode(const EC_POINT* point);

}  // namespace fleetsign::crypto
