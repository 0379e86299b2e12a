// SPDX-License-Identifier: Apache-2.0
#include "crypto/aes_gcm.h"

#include "crypto/openssl.h"

namespace fleetsign::crypto {
namespace {

using Cipher = Handle<EVP_CIPHER, EVP_CIPHER_free>;
using CipherContext = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

enum class Direction : int { open = 0, seal = 1 };

template <std::size_t N>
const EVP_CIPHER* cipher_for() {
  static_assert(N == 16 || N == 32);
  static const Cipher cipher(
      require(EVP_CIPHER_fetch(nullptr, N == 16 ? "AES-128-GCM" : "AES-256-GCM", nullptr), "fetching AES-GCM"));
  return cipher.get();
}

template <std::size_t N>
CipherContext start(Direction direction, const Secret<N>& key, const GcmNonce& nonce, ByteView associated_data) {
  CipherContext context(require(EVP_CIPHER_CTX_new(), "making a cipher context"));
  // The default length of a nonce in GCM is 12 bytes, which is what GcmNonce has.
  require(EVP_CipherInit_ex2(context.get(), cipher_for<N>(), key.expose().data(), nonce.data(),
                             static_cast<int>(direction), nullptr),
          "starting AES-GCM");
  if (associated_data.empty()) return context;
  int length = 0;
  require(
      EVP_CipherUpdate(context.get(), nullptr, &length, associated_data.data(), checked_length(associated_data.size())),
      "authenticating associated data");
  return context;
}

Bytes transform(EVP_CIPHER_CTX* context, ByteView input) {
  Bytes output(input.size());
  // Without this, the null pointer of an empty vector would mean "this is associated data".
  if (input.empty()) return output;
  int length = 0;
  require(EVP_CipherUpdate(context, output.data(), &length, input.data(), checked_length(input.size())),
          "running AES-GCM");
  if (checked_length(input.size()) != length) throw Error("AES-GCM changed the length of a text");
  return output;
}

}  // namespace

template <std::size_t N>
Sealed seal_aes_gcm(const Secret<N>& key, const GcmNonce& nonce, ByteView plaintext, ByteView associated_data) {
  const CipherContext context = start(Direction::seal, key, nonce, associated_data);
  Sealed sealed{.ciphertext = transform(context.get(), plaintext)};
  int length = 0;
  require(EVP_CipherFinal_ex(context.get(), sealed.tag.data(), &length), "finishing AES-GCM");
  require(
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, checked_length(sealed.tag.size()), sealed.tag.data()),
      "reading the tag of AES-GCM");
  return sealed;
}

template <std::size_t N>
std::optional<Bytes> open_aes_gcm(const Secret<N>& key, const GcmNonce& nonce, ByteView ciphertext, const GcmTag& tag,
                                  ByteView associated_data) {
  const DrainErrors drain;
  const CipherContext context = start(Direction::open, key, nonce, associated_data);
  Bytes plaintext = transform(context.get(), ciphertext);
  GcmTag expected = tag;
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, checked_length(expected.size()), expected.data()),
          "setting the tag of AES-GCM");
  int length = 0;
  std::uint8_t unused = 0;
  if (EVP_CipherFinal_ex(context.get(), &unused, &length) == 1) return plaintext;
  wipe(plaintext);
  return std::nullopt;
}

template Sealed seal_aes_gcm(const AesKey&, const GcmNonce&, ByteView, ByteView);
template Sealed seal_aes_gcm(const AesKey256&, const GcmNonce&, ByteView, ByteView);
template std::optional<Bytes> open_aes_gcm(const AesKey&, const GcmNonce&, ByteView, const GcmTag&, ByteView);
template std::optional<Bytes> open_aes_gcm(const AesKey256&, const GcmNonce&, ByteView, const GcmTag&, ByteView);

}  // namespace fleetsign::crypto
