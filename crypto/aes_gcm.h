// SPDX-License-Identifier: Apache-2.0
// AES-GCM (NIST SP 800-38D) with keys of 128 or 256 bits, 12-byte nonces and 16-byte tags.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "crypto/bytes.h"
#include "crypto/secret.h"

namespace fleetsign::crypto {

using AesKey = Secret<16>;
using AesKey256 = Secret<32>;
using GcmNonce = std::array<std::uint8_t, 12>;
using GcmTag = std::array<std::uint8_t, 16>;

struct Sealed {
  Bytes ciphertext;  ///< as long as the plaintext
  GcmTag tag{};
};

// N, the length of the key, is 16 or 32.

/// The caller never seals two messages with the same key and nonce.
template <std::size_t N>
Sealed seal_aes_gcm(const Secret<N>& key, const GcmNonce& nonce, ByteView plaintext, ByteView associated_data);

/// Nothing when the tag does not fit key, nonce, ciphertext and associated data.
template <std::size_t N>
std::optional<Bytes> open_aes_gcm(const Secret<N>& key, const GcmNonce& nonce, ByteView ciphertext, const GcmTag& tag,
                                  ByteView associated_data);

}  // namespace fleetsign::crypto
