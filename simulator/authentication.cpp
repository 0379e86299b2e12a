// SPDX-License-Identifier: Apache-2.0
#include "simulator/authentication.h"

#include <stdexcept>

namespace fleetsign::simulator {
namespace {

// A vehicle answers each command once, so the first reply is the only one.
constexpr std::uint32_t kResponseCounter = 1;

crypto::Sha256Digest subkey(const crypto::AesKey& key, std::string_view label) {
  return crypto::hmac_sha256(key.expose(), {crypto::as_bytes(label)});
}

}  // namespace

Metadata::Metadata(Signatures::SignatureType type) {
  const char value = static_cast<char>(type);
  add(Signatures::TAG_SIGNATURE_TYPE, std::string_view(&value, 1));
}

Metadata& Metadata::add(Signatures::Tag tag, std::string_view value) {
  if (value.size() > kMetadataValueLimit)
    throw std::length_error("a metadata value is longer than its length byte says");
  bytes_.push_back(static_cast<std::uint8_t>(tag));
  bytes_.push_back(static_cast<std::uint8_t>(value.size()));
  const auto bytes = crypto::as_bytes(value);
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

Metadata& Metadata::add(Signatures::Tag tag, std::uint32_t value) {
  const char big_endian[] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                             static_cast<char>(value >> 8), static_cast<char>(value)};
  return add(tag, std::string_view(big_endian, sizeof big_endian));
}

Metadata& Metadata::add(UniversalMessage::Domain domain) {
  const char value = static_cast<char>(domain);
  return add(Signatures::TAG_DOMAIN, std::string_view(&value, 1));
}

crypto::Bytes Metadata::encoded() const {
  crypto::Bytes bytes = bytes_;
  bytes.push_back(static_cast<std::uint8_t>(Signatures::TAG_END));
  return bytes;
}

crypto::AesKey session_key(const crypto::Secret<32>& shared) {
  auto digest = crypto::sha1(shared.expose());
  crypto::AesKey key(std::span<const std::uint8_t, 20>(digest).first<16>());
  crypto::wipe(digest);
  return key;
}

crypto::Sha256Digest session_info_tag(const crypto::AesKey& key, std::string_view vin, std::string_view challenge,
                                      std::string_view info) {
  Metadata metadata(Signatures::SIGNATURE_TYPE_HMAC);
  metadata.add(Signatures::TAG_PERSONALIZATION, vin).add(Signatures::TAG_CHALLENGE, challenge);
  return crypto::hmac_sha256(subkey(key, "session info"), {metadata.encoded(), crypto::as_bytes(info)});
}

crypto::Sha256Digest command_tag(const crypto::AesKey& key, std::string_view vin,
                                 const UniversalMessage::RoutableMessage& command) {
  const auto& hmac = command.signature_data().hmac_personalized_data();
  Metadata metadata(Signatures::SIGNATURE_TYPE_HMAC_PERSONALIZED);
  metadata.add(command.to_destination().domain())
      .add(Signatures::TAG_PERSONALIZATION, vin)
      .add(Signatures::TAG_EPOCH, hmac.epoch())
      .add(Signatures::TAG_EXPIRES_AT, hmac.expires_at())
      .add(Signatures::TAG_COUNTER, hmac.counter());
  if (command.flags() != 0) metadata.add(Signatures::TAG_FLAGS, command.flags());
  return crypto::hmac_sha256(subkey(key, "authenticated command"),
                             {metadata.encoded(), crypto::as_bytes(command.protobuf_message_as_bytes())});
}

crypto::Bytes request_hash(const UniversalMessage::RoutableMessage& command) {
  crypto::Bytes hash{static_cast<std::uint8_t>(Signatures::SIGNATURE_TYPE_HMAC_PERSONALIZED)};
  const auto tag = crypto::as_bytes(command.signature_data().hmac_personalized_data().tag());
  hash.insert(hash.end(), tag.begin(), tag.end());
  if (command.to_destination().domain() == UniversalMessage::DOMAIN_VEHICLE_SECURITY) hash.resize(17);
  return hash;
}

void seal_payload(UniversalMessage::RoutableMessage& reply, const UniversalMessage::RoutableMessage& command,
                  std::string_view payload, std::string_view vin, const crypto::AesKey& key,
                  const crypto::GcmNonce& nonce) {
  Metadata metadata(Signatures::SIGNATURE_TYPE_AES_GCM_RESPONSE);
  metadata.add(reply.from_destination().domain())
      .add(Signatures::TAG_PERSONALIZATION, vin)
      .add(Signatures::TAG_COUNTER, kResponseCounter)
      .add(Signatures::TAG_FLAGS, reply.flags())
      .add(Signatures::TAG_REQUEST_HASH, crypto::as_text(request_hash(command)))
      .add(Signatures::TAG_FAULT, static_cast<std::uint32_t>(reply.signedmessagestatus().signed_message_fault()));
  const auto associated_data = crypto::sha256({metadata.encoded()});
  const auto sealed = crypto::seal_aes_gcm(key, nonce, crypto::as_bytes(payload), associated_data);

  reply.set_protobuf_message_as_bytes(crypto::as_text(sealed.ciphertext));
  auto& data = *reply.mutable_signature_data()->mutable_aes_gcm_response_data();
  data.set_nonce(crypto::as_text(nonce));
  data.set_counter(kResponseCounter);
  data.set_tag(crypto::as_text(sealed.tag));
}

}  // namespace fleetsign::simulator
