// SPDX-License-Identifier: Apache-2.0
#include "crypto/private_key.h"

#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "crypto/key_file.h"
#include "crypto/openssl.h"
#include "crypto/p256.h"
#include "crypto/pem.h"

namespace fleetsign::crypto {
namespace {

OSSL_PARAM curve_parameter() {
  static char name[] = SN_X9_62_prime256v1;
  return OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
}

OSSL_PARAM point_parameter(PublicPoint& point) {
  return OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
}

/// Null when the parameters make no key.
Pkey make_key(int selection, std::span<OSSL_PARAM> parameters) {
  const PkeyContext context(require(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), "making a key context"));
  require(EVP_PKEY_fromdata_init(context.get()), "starting to make a key");
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, selection, parameters.data()) != 1) return nullptr;
  return Pkey(key);
}

/// Null when the point is not on the curve or at infinity.
Pkey make_public_key(PublicPoint point) {
  // SEC 1 section 2.3.3 has one form of this length; OpenSSL takes the hybrid one of X9.62 (06 and 07), too.
  if (point[0] != kUncompressed) return nullptr;
  std::array parameters{curve_parameter(), point_parameter(point), OSSL_PARAM_construct_end()};
  Pkey key = make_key(EVP_PKEY_PUBLIC_KEY, parameters);
  // The quick check leaves out the order, which is right for every point: the cofactor of P-256 is 1.
  return key && EVP_PKEY_public_check_quick(context_of(key.get()).get()) == 1 ? std::move(key) : nullptr;
}

/// The scalar is in the range of the group.
Pkey make_private_key(const BIGNUM* scalar) {
  PublicPoint point = encode(multiply_base_point(scalar).get());
  std::array<std::uint8_t, 32> native{};
  const WipeAtEnd wipe_native(native);
  if (BN_bn2nativepad(scalar, native.data(), checked_length(native.size())) < 0) {
    throw Error::from_openssl("encoding a private key");
  }
  std::array parameters{curve_parameter(), point_parameter(point),
                        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native.data(), native.size()),
                        OSSL_PARAM_construct_end()};
  Pkey key = make_key(EVP_PKEY_KEYPAIR, parameters);
  require(key.get(), "making a private key");
  return key;
}

PublicPoint point_of(const EVP_PKEY* key) {
  PublicPoint point{};
  std::size_t length = 0;
  require(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &length),
          "reading a public key");
  if (length != point.size() || point[0] != kUncompressed) throw Error("a public key is not an uncompressed point");
  return point;
}

/// The one line that the file holds.
Result<SecretText, KeyError> read_passphrase(const std::filesystem::path& file, const KeyFileRules& rules) {
  constexpr const char* kHint = "key_passphrase_file must name a file that holds the passphrase of the key";
  Result<SecretText, KeyError> text = read_protected(file, rules.credentials_directory);
  if (!text) {
    KeyError error = text.error();
    if (error.reason == KeyError::Reason::missing || error.reason == KeyError::Reason::empty) error.hint = kHint;
    return error;
  }
  if (text->back() == '\n') text->pop_back();
  if (!text->empty()) return text;
  return KeyError{KeyError::Reason::empty, file.native() + ": holds no passphrase, only a line end", kHint};
}

Result<PrivateKey, KeyError> parse_key(std::string_view pem, std::string_view name,
                                       const std::optional<std::string_view>& passphrase) {
  const Result<Secret<32>, KeyError> scalar = read_private_pem(pem, name, passphrase);
  if (!scalar) return scalar.error();
  // Made anew, the key has a named curve and an uncompressed point, whatever form the file had.
  return PrivateKey::from_scalar(*scalar);
}

}  // namespace

struct PrivateKey::Impl {
  explicit Impl(Pkey made) : key(std::move(made)), point(point_of(key.get())) {}

  Pkey key;
  PublicPoint point;
};

PrivateKey::PrivateKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

PrivateKey PrivateKey::generate() {
  return PrivateKey(std::make_unique<Impl>(Pkey(require(EVP_EC_gen(SN_X9_62_prime256v1), "generating a key"))));
}

Result<PrivateKey, KeyError> PrivateKey::load(const std::filesystem::path& file, const KeyFileRules& rules) {
  const Result<SecretText, KeyError> pem = read_protected(file, rules.credentials_directory);
  if (!pem) return pem.error();
  if (!rules.passphrase_file) return parse_key(view(*pem), file.native(), std::nullopt);
  const Result<SecretText, KeyError> passphrase = read_passphrase(*rules.passphrase_file, rules);
  if (!passphrase) return passphrase.error();
  return parse_key(view(*pem), file.native(), view(*passphrase));
}

Result<PrivateKey, KeyError> PrivateKey::parse(std::string_view pem, std::string_view name,
                                               const std::optional<std::string>& passphrase) {
  return parse_key(pem, name, passphrase);
}

Result<PrivateKey, KeyError> PrivateKey::from_scalar(const Secret<32>& scalar) {
  const auto bytes = scalar.expose();
  const BigNumber number(
      require(BN_bin2bn(bytes.data(), checked_length(bytes.size()), nullptr), "reading a private key"));
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  if (BN_is_zero(number.get()) != 0 || BN_cmp(number.get(), order_of_p256()) >= 0) {
    return KeyError{KeyError::Reason::damaged, "a private key must lie between 1 and the order of P-256",
                    "make a new key with `fleetsign keygen --out FILE`"};
  }
  return PrivateKey(std::make_unique<Impl>(make_private_key(number.get())));
}

PublicPoint PrivateKey::public_point() const {
  return impl_->point;
}

std::string PrivateKey::public_pem() const {
  return std::string(view(write_pem(impl_->key.get(), EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo")));
}

Bytes PrivateKey::public_der() const {
  // OpenSSL writes into memory of ours when it is given some, and moves the pointer.
  const int length = i2d_PUBKEY(impl_->key.get(), nullptr);
  if (length <= 0) throw Error("encoding a public key failed");
  Bytes der(static_cast<std::size_t>(length));
  unsigned char* end = der.data();
  if (i2d_PUBKEY(impl_->key.get(), &end) != length) throw Error("encoding a public key failed");
  return der;
}

Result<Secret<32>, KeyError> PrivateKey::agree(const PublicPoint& peer) const {
  const DrainErrors drain;
  const Pkey peer_key = make_public_key(peer);
  if (!peer_key) {
    return KeyError{KeyError::Reason::off_curve, "the other side's public key is not a point of P-256",
                    "it is not a key, or was damaged on its way"};
  }
  const PkeyContext context = context_of(impl_->key.get());
  require(EVP_PKEY_derive_init(context.get()), "starting a key agreement");
  constexpr int kCheckedAlready = 0;
  require(EVP_PKEY_derive_set_peer_ex(context.get(), peer_key.get(), kCheckedAlready), "setting the peer's key");
  std::array<std::uint8_t, 32> x{};
  const WipeAtEnd wipe_x(x);
  std::size_t length = x.size();
  require(EVP_PKEY_derive(context.get(), x.data(), &length), "agreeing on a key");
  if (length != x.size()) throw Error("a key agreement gave the wrong length");
  return Secret<32>(x);
}

Secret<32> PrivateKey::scalar() const {
  std::array<std::uint8_t, 32> native{};
  const WipeAtEnd wipe_native(native);
  std::array parameters{OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native.data(), native.size()),
                        OSSL_PARAM_construct_end()};
  require(EVP_PKEY_get_params(impl_->key.get(), parameters.data()), "reading a private key");
  if (parameters[0].return_size != native.size()) throw Error("a private key has the wrong length");
  if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(native);
  return Secret<32>(native);
}

std::optional<KeyError> PrivateKey::write_new(const std::filesystem::path& file) const {
  return write_protected(file, view(write_pem(impl_->key.get(), EVP_PKEY_KEYPAIR, "type-specific")));
}

Result<PublicPoint, KeyError> load_public_pem(const std::filesystem::path& file) {
  const Result<SecretText, KeyError> pem = read_public(file);
  if (!pem) return pem.error();
  return parse_public_pem(view(*pem), file.native());
}

}  // namespace fleetsign::crypto
