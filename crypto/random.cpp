// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include <openssl/rand.h>

#include "crypto/openssl.h"

namespace fleetsign::crypto {

void fill_random(std::span<std::uint8_t> bytes) {
  require(RAND_bytes(bytes.data(), checked_length(bytes.size())), "drawing random bytes");
}

}  // namespace fleetsign::crypto
