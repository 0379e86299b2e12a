// SPDX-License-Identifier: Apache-2.0
// Ownership and return values of OpenSSL, for the sources of this folder and for TLS (daemon/http/tls*).
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <limits>
#include <memory>

#include "crypto/error.h"

namespace fleetsign::crypto {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

/// Owns an object of OpenSSL, which `Free` ends.
template <class T, auto Free>
using Handle = std::unique_ptr<T, FreeWith<Free>>;

using Bio = Handle<BIO, BIO_free_all>;
using BigNumber = Handle<BIGNUM, BN_clear_free>;
using Pkey = Handle<EVP_PKEY, EVP_PKEY_free>;
using PkeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

/// Empties the thread's error queue at the end of a scope in which OpenSSL may fail as expected. What stayed there
/// would be taken for the failure of a later call: SSL_get_error() looks at the queue first.
class DrainErrors {
 public:
  DrainErrors() = default;
  ~DrainErrors() { ERR_clear_error(); }
  DrainErrors(const DrainErrors&) = delete;
  DrainErrors& operator=(const DrainErrors&) = delete;
};

/// For calls that return 1 when they worked, and 0 or less when not.
inline void require(int returned, const char* operation) {
  if (returned != 1) throw Error::from_openssl(operation);
}

/// For calls that return an object, or null.
template <class T>
T* require(T* returned, const char* operation) {
  if (returned == nullptr) throw Error::from_openssl(operation);
  return returned;
}

/// What works on a key. One for each use: contexts are not for several threads, keys are.
inline PkeyContext context_of(EVP_PKEY* key) {
  return PkeyContext(require(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), "making a key context"));
}

/// A length where OpenSSL wants an int.
inline int checked_length(std::size_t length) {
  if (length > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw Error("more bytes than OpenSSL can take");
  return static_cast<int>(length);
}

}  // namespace fleetsign::crypto
