// SPDX-License-Identifier: Apache-2.0
#include "crypto/error.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <string>

namespace fleetsign::crypto {
namespace {

TEST_CASE("error: holds the operation and OpenSSL's reasons, oldest first, and empties the queue") {
  ERR_clear_error();
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
  ERR_raise_data(ERR_LIB_EVP, EVP_R_INVALID_KEY_LENGTH, "attached %s", "text");
  const Error error = Error::from_openssl("opening a box");
  CHECK(std::string(error.what()) == "opening a box failed: bad decrypt: invalid key length");
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("error: an empty queue still names the operation") {
  ERR_clear_error();
  CHECK(std::string(Error::from_openssl("opening a box").what()) == "opening a box failed");
}

}  // namespace
}  // namespace fleetsign::crypto
