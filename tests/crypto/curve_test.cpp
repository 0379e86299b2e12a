// SPDX-License-Identifier: Apache-2.0
#include "crypto/curve.h"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <string>
#include <vector>

#include "tests/crypto/known_answers.h"

namespace fleetsign::crypto {
namespace {

using test::hex_array;
using test::key_of;
using test::known;

const std::string kOrder = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const std::string kLast = kOrder.substr(0, 62) + "50";

std::string number(int value) {
  const std::string digits = to_hex(std::vector{static_cast<std::uint8_t>(value)});
  return std::string(62, '0') + digits;
}

std::optional<PublicPoint> sum(std::string_view r, std::string_view c, const PublicPoint& point) {
  auto result = sum_of_public_multiples(hex_array<32>(r), hex_array<32>(c), point);
  CHECK(ERR_peek_error() == 0);
  return result;
}

TEST_CASE("curve: the sum of multiples is the point of the sum of scalars") {
  const PublicPoint seven = key_of(number(7)).public_point();
  CHECK(sum(number(3), number(5), seven) == key_of(number(38)).public_point());
  CHECK(sum(number(0), number(1), seven) == seven);
  CHECK(sum(number(9), number(0), seven) == key_of(number(9)).public_point());
  CHECK(sum(kLast, number(1), seven) == key_of(number(6)).public_point());
  CHECK(sum(number(3), number(1), key_of(number(3)).public_point()) == key_of(number(6)).public_point());
}

TEST_CASE("curve: the second factor counts modulo the order, the first one is refused beyond it") {
  const PublicPoint seven = key_of(number(7)).public_point();
  CHECK(sum(number(1), kOrder, seven) == key_of(number(1)).public_point());
  CHECK_FALSE(sum(kOrder, number(1), seven));
  CHECK_FALSE(sum(std::string(64, 'f'), number(1), seven));
}

TEST_CASE("curve: a sum at infinity is none") {
  CHECK_FALSE(sum(number(0), number(0), key_of(number(7)).public_point()));
  CHECK_FALSE(sum(kLast, number(1), key_of(number(1)).public_point()));
}

TEST_CASE("curve: a point that is not on the curve, at infinity, or in another form is refused") {
  const PublicPoint good = hex_array<65>(known("/vehicle_public"));
  std::vector<PublicPoint> bad{PublicPoint{}, PublicPoint{0x04}, hex_array<65>("04" + std::string(128, 'f'))};
  for (const std::size_t index : {1U, 32U, 33U, 64U}) {
    bad.push_back(good);
    bad.back()[index] ^= 1;
  }
  for (const int form : {0x00, 0x02, 0x03, 0x05, 0x06, 0x07, 0xff}) {
    bad.push_back(good);
    bad.back()[0] = static_cast<std::uint8_t>(form);
  }
  for (const PublicPoint& point : bad) {
    CAPTURE(to_hex(point));
    CHECK_FALSE(sum(number(1), number(1), point));
  }
}

}  // namespace
}  // namespace fleetsign::crypto
