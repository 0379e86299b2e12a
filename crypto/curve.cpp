// SPDX-License-Identifier: Apache-2.0
#include "crypto/curve.h"

#include "crypto/p256.h"

namespace fleetsign::crypto {
namespace {

BigNumber public_number(std::span<const std::uint8_t, 32> bytes) {
  return BigNumber(require(BN_bin2bn(bytes.data(), checked_length(bytes.size()), nullptr), "reading a number"));
}

/// Null for what is no point of the curve.
Point read_point(const PublicPoint& bytes) {
  // OpenSSL takes the hybrid forms of X9.62, too. It refuses points that are off the curve.
  if (bytes[0] != kUncompressed) return nullptr;
  Point point = new_point();
  return EC_POINT_oct2point(p256(), point.get(), bytes.data(), bytes.size(), nullptr) == 1 ? std::move(point) : nullptr;
}

}  // namespace

std::optional<PublicPoint> sum_of_public_multiples(std::span<const std::uint8_t, 32> r,
                                                   std::span<const std::uint8_t, 32> c, const PublicPoint& point) {
  const DrainErrors drain;
  const BigNumber of_base = public_number(r);
  const BigNumber of_point = public_number(c);
  const Point other = read_point(point);
  if (!other || BN_cmp(of_base.get(), order_of_p256()) >= 0) return std::nullopt;
  const Point sum = new_point();
  require(EC_POINT_mul(p256(), sum.get(), of_base.get(), other.get(), of_point.get(), nullptr), "adding two points");
  if (EC_POINT_is_at_infinity(p256(), sum.get()) == 1) return std::nullopt;
  return encode(sum.get());
}

}  // namespace fleetsign::crypto
