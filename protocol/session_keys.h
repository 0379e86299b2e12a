// SPDX-License-Identifier: Apache-2.0
// What a client key and one domain's key agree on. It tags and opens; the keys themselves are never handed out.
#pragma once

#include <memory>
#include <optional>

#include "crypto/aes_gcm.h"
#include "crypto/digest.h"
#include "crypto/private_key.h"
#include "crypto/secret.h"

namespace fleetsign::protocol {

using Tag256 = crypto::Sha256Digest;

/// Immutable, so it may be used by several threads at once.
class SessionKeys {
 public:
  /// Null when `vehicle` is not a point of P-256.
  static std::shared_ptr<const SessionKeys> agree(const crypto::PrivateKey& client, const crypto::PublicPoint& vehicle);

  [[nodiscard]] const crypto::PublicPoint& vehicle_point() const { return vehicle_point_; }

  /// HMAC under the sub-key "session info" over metadata and the encoded Signatures.SessionInfo.
  [[nodiscard]] Tag256 session_info_tag(crypto::ByteView metadata, crypto::ByteView info) const;
  /// HMAC under the sub-key "authenticated command" over metadata and payload.
  [[nodiscard]] Tag256 command_tag(crypto::ByteView metadata, crypto::ByteView payload) const;
  /// Opens an encrypted reply; the associated data is SHA-256 of the metadata. Nothing when the tag is wrong.
  [[nodiscard]] std::optional<crypto::Bytes> open_reply(const crypto::GcmNonce& nonce, crypto::ByteView ciphertext,
                                                        const crypto::GcmTag& tag, crypto::ByteView metadata) const;

 private:
  SessionKeys(const crypto::PublicPoint& vehicle, crypto::AesKey key);

  crypto::PublicPoint vehicle_point_;
  crypto::AesKey key_;
  crypto::Secret<32> session_info_key_;
  crypto::Secret<32> command_key_;
};

}  // namespace fleetsign::protocol
