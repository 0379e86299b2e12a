// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <openssl/crypto.h>

namespace fleetsign::crypto {

void wipe(std::span<std::uint8_t> memory) {
  OPENSSL_cleanse(memory.data(), memory.size());
}

}  // namespace fleetsign::crypto
