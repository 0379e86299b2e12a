// SPDX-License-Identifier: Apache-2.0
// Arithmetic on P-256 with what everybody may know: for those who verify.
#pragma once

#include <optional>
#include <span>

#include "crypto/private_key.h"

namespace fleetsign::crypto {

/// r times the base point plus c times `point`; r and c are big-endian. In a time that depends on all three: never for
/// a secret. Nothing when `point` is none of P-256 (another form than 04, off the curve), when r is not below the
/// order, or when the sum is at infinity. Any c will do, as what hashing gives is not below the order.
std::optional<PublicPoint> sum_of_public_multiples(std::span<const std::uint8_t, 32> r,
                                                   std::span<const std::uint8_t, 32> c, const PublicPoint& point);

}  // namespace fleetsign::crypto
