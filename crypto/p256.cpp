// SPDX-License-Identifier: Apache-2.0
#include "crypto/p256.h"

#include <openssl/objects.h>

namespace fleetsign::crypto {

const EC_GROUP* p256() {
  using Group = Handle<EC_GROUP, EC_GROUP_free>;
  static const Group group(require(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), "finding P-256"));
  return group.get();
}

const BIGNUM* order_of_p256() {
  return EC_GROUP_get0_order(p256());
}

Point new_point() {
  return Point(require(EC_POINT_new(p256()), "making a point"));
}

Point multiply_base_point(const BIGNUM* scalar) {
  Point product = new_point();
  require(EC_POINT_mul(p256(), product.get(), scalar, nullptr, nullptr, nullptr), "multiplying the base point");
  return product;
}

PublicPoint encode(const EC_POINT* point) {
  PublicPoint bytes{};
  if (EC_POINT_point2oct(p256(), point, POINT_CONVERSION_UNCOMPRESSED, bytes.data(), bytes.size(), nullptr) !=
      bytes.size()) {
    throw Error::from_openssl("encoding a point");
  }
  return bytes;
}

}  // namespace fleetsign::crypto
