// SPDX-License-Identifier: Apache-2.0
#include "crypto/schnorr.h"

#include <algorithm>
#include <span>

#include "crypto/digest.h"
#include "crypto/p256.h"
#include "crypto/rfc6979.h"

namespace fleetsign::crypto {
namespace {

using Montgomery = Handle<BN_MONT_CTX, BN_MONT_CTX_free>;

BigNumberContext make_context() {
  return BigNumberContext(require(BN_CTX_secure_new(), "making a context for numbers"));
}

/// Multiplication modulo the order.
Montgomery prepare_multiplication(BN_CTX* context) {
  Montgomery multiplication(require(BN_MONT_CTX_new(), "making a context for multiplication"));
  require(BN_MONT_CTX_set(multiplication.get(), order_of_p256(), context), "preparing a multiplication");
  return multiplication;
}

BigNumber secret_number(const Secret<32>& secret) {
  BigNumber number(require(BN_secure_new(), "making a number"));
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  const auto bytes = secret.expose();
  require(BN_bin2bn(bytes.data(), checked_length(bytes.size()), number.get()), "reading a number");
  return number;
}

Scalar scalar_of(const BIGNUM* number) {
  Scalar bytes{};
  if (BN_bn2binpad(number, bytes.data(), checked_length(bytes.size())) < 0)
    throw Error::from_openssl("writing a number");
  return bytes;
}

/// Four bytes of length go before each part, so that no other parts run into the same string.
Sha256Digest challenge(const PublicPoint& nonce_point, const PublicPoint& signer, ByteView message) {
  static const PublicPoint base_point = encode(EC_GROUP_get0_generator(p256()));
  const auto length_of = [](std::size_t size) {
    return std::array{static_cast<std::uint8_t>(size >> 24 & 0xff), static_cast<std::uint8_t>(size >> 16 & 0xff),
                      static_cast<std::uint8_t>(size >> 8 & 0xff), static_cast<std::uint8_t>(size & 0xff)};
  };
  const auto of_point = length_of(base_point.size());
  const auto of_message = length_of(static_cast<std::size_t>(checked_length(message.size())));
  return sha256({of_point, base_point, of_point, nonce_point, of_point, signer, of_message, message});
}

/// -c modulo the order. The challenge is no secret.
BigNumber negated(const Sha256Digest& challenge, BN_CTX* context) {
  const BigNumber hash(
      require(BN_bin2bn(challenge.data(), checked_length(challenge.size()), nullptr), "reading a hash"));
  BN_set_negative(hash.get(), 1);
  BigNumber number(require(BN_new(), "making a number"));
  require(BN_nnmod(number.get(), hash.get(), order_of_p256(), context), "reducing a hash");
  return number;
}

/// r = k - a·c, as k + a·(-c): the one multiplication is Montgomery's, whose loops have the length of the order, and
/// BN_mod_add_quick() takes the order off under a mask, where BN_mod_mul() would divide and BN_mod_sub_quick() branch.
/// How long a number is in words of 64 bits does show: for a random one that is all four but once in 2^64.
Scalar respond(const Secret<32>& k, const Secret<32>& a, const Sha256Digest& challenge) {
  const BigNumberContext context = make_context();
  const Montgomery multiplication = prepare_multiplication(context.get());
  const BigNumber factor = negated(challenge, context.get());
  require(BN_to_montgomery(factor.get(), factor.get(), multiplication.get(), context.get()), "preparing a factor");
  const BigNumber product(require(BN_secure_new(), "making a number"));
  require(
      BN_mod_mul_montgomery(product.get(), secret_number(a).get(), factor.get(), multiplication.get(), context.get()),
      "multiplying a key");
  const BigNumber sum(require(BN_secure_new(), "making a number"));
  require(BN_mod_add_quick(sum.get(), secret_number(k).get(), product.get(), order_of_p256()), "adding a nonce");
  return scalar_of(sum.get());
}

}  // namespace

SchnorrSignature sign_schnorr(const PrivateKey& key, ByteView message) {
  const Secret<32> scalar = key.scalar();
  const Secret<32> nonce = deterministic_nonce(scalar_of(order_of_p256()), scalar, sha256({message}));
  const PublicPoint nonce_point = encode(multiply_base_point(secret_number(nonce).get()).get());
  const Scalar response = respond(nonce, scalar, challenge(nonce_point, key.public_point(), message));
  SchnorrSignature signature{};
  const auto rest = std::ranges::copy(std::span(nonce_point).subspan<1>(), signature.begin()).out;
  std::ranges::copy(response, rest);
  return signature;
}

}  // namespace fleetsign::crypto
