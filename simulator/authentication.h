// SPDX-License-Identifier: Apache-2.0
// What a vehicle computes to know its clients and to be known by them: keys, metadata, tags. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/aes_gcm.h"
#include "crypto/bytes.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "protocol/proto/signatures.pb.h"
#include "protocol/proto/universal_message.pb.h"

namespace fleetsign::simulator {

/// Values that a tag covers, as tag || length || value. Values are up to 255 bytes long.
class Metadata {
 public:
  explicit Metadata(Signatures::SignatureType type);
  Metadata& add(Signatures::Tag tag, std::string_view value);
  Metadata& add(Signatures::Tag tag, std::uint32_t value);
  Metadata& add(UniversalMessage::Domain domain);
  /// All of it, with the end marker.
  [[nodiscard]] crypto::Bytes encoded() const;

 private:
  crypto::Bytes bytes_;
};

/// The longest value that metadata can hold.
inline constexpr std::size_t kMetadataValueLimit = 255;

/// K: the first 16 bytes of SHA-1 of the shared x-coordinate.
crypto::AesKey session_key(const crypto::Secret<32>& shared);

/// `challenge` is the uuid of the request that the session info answers; `info` the encoded SessionInfo.
crypto::Sha256Digest session_info_tag(const crypto::AesKey& key, std::string_view vin, std::string_view challenge,
                                      std::string_view info);

/// The tag that a command to this domain of this vehicle must carry. Epoch, counter and expiry are the command's own.
crypto::Sha256Digest command_tag(const crypto::AesKey& key, std::string_view vin,
                                 const UniversalMessage::RoutableMessage& command);

/// What a reply to this command binds itself to: signature type and tag of the command, for VCSEC cut to 17 bytes.
crypto::Bytes request_hash(const UniversalMessage::RoutableMessage& command);

/// Encrypts a reply's payload under the key of the command. The reply's domain, flags and fault are already set.
void seal_payload(UniversalMessage::RoutableMessage& reply, const UniversalMessage::RoutableMessage& command,
                  std::string_view payload, std::string_view vin, const crypto::AesKey& key,
                  const crypto::GcmNonce& nonce);

}  // namespace fleetsign::simulator
