// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <openssl/core_names.h>

#include "crypto/openssl.h"

namespace fleetsign::crypto {
namespace {

using Algorithm = Handle<EVP_MD, EVP_MD_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using MacAlgorithm = Handle<EVP_MAC, EVP_MAC_free>;
using MacContext = Handle<EVP_MAC_CTX, EVP_MAC_CTX_free>;

Algorithm fetch(const char* name) {
  return Algorithm(require(EVP_MD_fetch(nullptr, name, nullptr), "fetching a digest"));
}

template <std::size_t N>
std::array<std::uint8_t, N> digest(const EVP_MD* algorithm, std::initializer_list<ByteView> parts) {
  const DigestContext context(require(EVP_MD_CTX_new(), "making a digest context"));
  require(EVP_DigestInit_ex2(context.get(), algorithm, nullptr), "starting a digest");
  for (const ByteView part : parts) {
    require(EVP_DigestUpdate(context.get(), part.data(), part.size()), "digesting");
  }
  std::array<std::uint8_t, N> result{};
  unsigned int length = 0;
  require(EVP_DigestFinal_ex(context.get(), result.data(), &length), "finishing a digest");
  if (length != N) throw Error("a digest has the wrong length");
  return result;
}

/// HMAC-SHA256 without a key. Copying it takes half the time of looking the digest up by name for each message.
MacContext make_hmac_prototype() {
  const MacAlgorithm algorithm(require(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr), "fetching HMAC"));
  MacContext context(require(EVP_MAC_CTX_new(algorithm.get()), "making an HMAC context"));
  char digest_name[] = "SHA256";
  const std::array params{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
                          OSSL_PARAM_construct_end()};
  require(EVP_MAC_CTX_set_params(context.get(), params.data()), "choosing the digest of HMAC");
  return context;
}

}  // namespace

Sha1Digest sha1(ByteView data) {
  static const Algorithm algorithm = fetch("SHA1");
  return digest<20>(algorithm.get(), {data});
}

Sha256Digest sha256(std::initializer_list<ByteView> parts) {
  static const Algorithm algorithm = fetch("SHA256");
  return digest<32>(algorithm.get(), parts);
}

Sha256Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  static const MacContext prototype = make_hmac_prototype();
  const MacContext context(require(EVP_MAC_CTX_dup(prototype.get()), "copying an HMAC context"));
  // A null key would mean "the key that is set already"; an empty one is a key.
  const std::uint8_t no_key = 0;
  require(EVP_MAC_init(context.get(), key.empty() ? &no_key : key.data(), key.size(), nullptr), "starting an HMAC");
  for (const ByteView part : parts) {
    require(EVP_MAC_update(context.get(), part.data(), part.size()), "computing an HMAC");
  }
  Sha256Digest tag{};
  std::size_t length = 0;
  require(EVP_MAC_final(context.get(), tag.data(), &length, tag.size()), "finishing an HMAC");
  if (length != tag.size()) throw Error("an HMAC has the wrong length");
  return tag;
}

}  // namespace fleetsign::crypto
