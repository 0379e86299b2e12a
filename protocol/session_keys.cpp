// SPDX-License-Identifier: Apache-2.0
#include "protocol/session_keys.h"

#include <array>
#include <span>
#include <string_view>

namespace fleetsign::protocol {
namespace {

/// K is the first 16 bytes of SHA-1 of the shared secret.
crypto::AesKey derive_key(const crypto::Secret<32>& shared) {
  crypto::Sha1Digest digest = crypto::sha1(shared.expose());
  const crypto::WipeAtEnd wipe(digest);
  return crypto::AesKey(std::span<const std::uint8_t, 20>(digest).first<16>());
}

crypto::Secret<32> derive_sub_key(const crypto::AesKey& key, std::string_view label) {
  crypto::Sha256Digest digest = crypto::hmac_sha256(key.expose(), {crypto::as_bytes(label)});
  const crypto::WipeAtEnd wipe(digest);
  return crypto::Secret<32>(digest);
}

}  // namespace

std::shared_ptr<const SessionKeys> SessionKeys::agree(const crypto::PrivateKey& client,
                                                      const crypto::PublicPoint& vehicle) {
  const auto shared = client.agree(vehicle);
  if (!shared) return nullptr;
  return std::shared_ptr<const SessionKeys>(new SessionKeys(vehicle, derive_key(*shared)));
}

SessionKeys::SessionKeys(const crypto::PublicPoint& vehicle, crypto::AesKey key)
    : vehicle_point_(vehicle),
      key_(std::move(key)),
      session_info_key_(derive_sub_key(key_, "session info")),
      command_key_(derive_sub_key(key_, "authenticated command")) {}

Tag256 SessionKeys::session_info_tag(crypto::ByteView metadata, crypto::ByteView info) const {
  return crypto::hmac_sha256(session_info_key_.expose(), {metadata, info});
}

Tag256 SessionKeys::command_tag(crypto::ByteView metadata, crypto::ByteView payload) const {
  return crypto::hmac_sha256(command_key_.expose(), {metadata, payload});
}

std::optional<crypto::Bytes> SessionKeys::open_reply(const crypto::GcmNonce& nonce, crypto::ByteView ciphertext,
                                                     const crypto::GcmTag& tag, crypto::ByteView metadata) const {
  return crypto::open_aes_gcm(key_, nonce, ciphertext, tag, crypto::sha256({metadata}));
}

}  // namespace fleetsign::protocol
