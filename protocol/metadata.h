// SPDX-License-Identifier: Apache-2.0
// The associated data that every signature of the protocol covers: a list of tag, length, value, ended by FF.
#pragma once

#include <cstdint>

#include "crypto/bytes.h"

namespace fleetsign::protocol {

/// Signatures.Tag.
enum class Tag : std::uint8_t {
  signature_type = 0,
  domain = 1,
  personalization = 2,
  epoch = 3,
  expires_at = 4,
  counter = 5,
  challenge = 6,
  flags = 7,
  request_hash = 8,
  fault = 9,
};

/// Signatures.SignatureType.
enum class SignatureType : std::uint8_t { hmac = 6, hmac_personalized = 8, aes_gcm_response = 9 };

/// Built in ascending order of tags. Every value's length is part of it, so distinct values give distinct bytes.
class Metadata {
 public:
  explicit Metadata(SignatureType type) { add(Tag::signature_type, static_cast<std::uint8_t>(type)); }

  Metadata& add(Tag tag, std::uint8_t value);
  /// Four bytes, big-endian.
  Metadata& add(Tag tag, std::uint32_t value);
  /// At most 255 bytes; std::length_error beyond (no field of the protocol is as long).
  Metadata& add(Tag tag, crypto::ByteView value);

  /// The list with its end mark. Nothing may be added afterwards.
  [[nodiscard]] crypto::Bytes finish();

 private:
  crypto::Bytes bytes_;
};

}  // namespace fleetsign::protocol
