// SPDX-License-Identifier: Apache-2.0
#include "protocol/envelope.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "protocol/metadata.h"
#include "protocol/proto/universal_message.pb.h"

namespace fleetsign::protocol {
namespace {

using UniversalMessage::RoutableMessage;

constexpr std::uint32_t kEncryptResponse = 1U << UniversalMessage::FLAG_ENCRYPT_RESPONSE;
constexpr std::size_t kVcsecRequestHashLength = 17;

std::string to_field(crypto::ByteView bytes) {
  return crypto::as_text(bytes);
}

RoutableMessage address(Domain domain, const Nonces& nonces) {
  RoutableMessage message;
  message.mutable_to_destination()->set_domain(static_cast<UniversalMessage::Domain>(domain));
  message.mutable_from_destination()->set_routing_address(to_field(nonces.routing_address.bytes));
  message.set_uuid(to_field(nonces.uuid.bytes));
  return message;
}

crypto::Bytes serialise(const RoutableMessage& message) {
  crypto::Bytes bytes(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(bytes.data());
  return bytes;
}

crypto::Bytes request_hash(Domain domain, const Tag256& tag) {
  crypto::Bytes hash = {static_cast<std::uint8_t>(SignatureType::hmac_personalized)};
  hash.insert(hash.end(), tag.begin(), tag.end());
  if (domain == Domain::vehicle_security) hash.resize(kVcsecRequestHashLength);
  return hash;
}

Failure untrusted(std::string_view why) {
  return {.kind = Kind::untrusted_reply, .message = "the reply cannot be trusted: " + std::string(why)};
}

std::optional<std::string_view> mismatch(const RoutableMessage& message, const Pending& pending) {
  if (message.from_destination().domain() != static_cast<UniversalMessage::Domain>(pending.domain)) {
    return "it comes from another domain";
  }
  if (message.to_destination().routing_address() != to_field(pending.nonces.routing_address.bytes)) {
    return "it is addressed to another request";
  }
  // VCSEC usually leaves request_uuid empty; its replies are matched by the routing address alone.
  if (!message.request_uuid().empty() && message.request_uuid() != to_field(pending.nonces.uuid.bytes)) {
    return "it answers another request";
  }
  return std::nullopt;
}

/// session_protocol.md, "Encrypted replies": the flags are always part of it, unlike in requests.
crypto::Bytes reply_metadata(const RoutableMessage& message, const Pending& pending) {
  return Metadata(SignatureType::aes_gcm_response)
      .add(Tag::domain, static_cast<std::uint8_t>(pending.domain))
      .add(Tag::personalization, crypto::as_bytes(pending.vin))
      .add(Tag::counter, message.signature_data().aes_gcm_response_data().counter())
      .add(Tag::flags, message.flags())
      .add(Tag::request_hash, pending.request_hash)
      .add(Tag::fault, static_cast<std::uint32_t>(message.signedmessagestatus().signed_message_fault()))
      .finish();
}

std::optional<crypto::Bytes> decrypt(const RoutableMessage& message, const Pending& pending) {
  const auto& data = message.signature_data().aes_gcm_response_data();
  crypto::GcmNonce nonce{};
  crypto::GcmTag tag{};
  if (!pending.keys || data.nonce().size() != nonce.size() || data.tag().size() != tag.size()) return std::nullopt;
  std::ranges::copy(data.nonce(), nonce.begin());
  std::ranges::copy(data.tag(), tag.begin());
  return pending.keys->open_reply(nonce, crypto::as_bytes(message.protobuf_message_as_bytes()), tag,
                                  reply_metadata(message, pending));
}

SessionInfoClaim claim_in(const RoutableMessage& message) {
  const auto encoded = crypto::as_bytes(message.session_info());
  const auto tag = crypto::as_bytes(message.signature_data().session_info_tag().tag());
  return {.encoded = {encoded.begin(), encoded.end()}, .tag = {tag.begin(), tag.end()}};
}

OperationStatus status_of(const RoutableMessage& message) {
  switch (message.signedmessagestatus().operation_status()) {
    case UniversalMessage::OPERATIONSTATUS_OK:
      return OperationStatus::ok;
    case UniversalMessage::OPERATIONSTATUS_WAIT:
      return OperationStatus::wait;
    default:
      return OperationStatus::error;
  }
}

}  // namespace

Envelope make_handshake(const Session& session, const Nonces& nonces, Instant now) {
  const auto& parties = session.parties();
  auto message = address(parties.domain, nonces);
  message.mutable_session_info_request()->set_public_key(to_field(parties.client_point));
  return {.message = serialise(message),
          .pending = {.nonces = nonces,
                      .domain = parties.domain,
                      .vin = parties.vin,
                      .sent_at = now,
                      .generation = session.generation()}};
}

Envelope make_command(const Session& session, const Stamp& stamp, const Payload& payload, const Nonces& nonces,
                      Instant now) {
  const auto& parties = session.parties();
  const auto metadata = Metadata(SignatureType::hmac_personalized)
                            .add(Tag::domain, static_cast<std::uint8_t>(parties.domain))
                            .add(Tag::personalization, crypto::as_bytes(parties.vin))
                            .add(Tag::epoch, stamp.epoch.bytes)
                            .add(Tag::expires_at, stamp.expires_at.seconds)
                            .add(Tag::counter, stamp.counter)
                            .add(Tag::flags, kEncryptResponse)
                            .finish();
  const auto tag = stamp.keys->command_tag(metadata, payload.bytes);

  auto message = address(parties.domain, nonces);
  message.set_flags(kEncryptResponse);
  message.set_protobuf_message_as_bytes(to_field(payload.bytes));
  auto& signature = *message.mutable_signature_data();
  signature.mutable_signer_identity()->set_public_key(to_field(parties.client_point));
  auto& hmac = *signature.mutable_hmac_personalized_data();
  hmac.set_epoch(to_field(stamp.epoch.bytes));
  hmac.set_counter(stamp.counter);
  hmac.set_expires_at(stamp.expires_at.seconds);
  hmac.set_tag(to_field(tag));
  return {.message = serialise(message),
          .pending = {.nonces = nonces,
                      .domain = parties.domain,
                      .vin = parties.vin,
                      .sent_at = now,
                      .generation = stamp.generation,
                      .keys = stamp.keys,
                      .epoch = stamp.epoch,
                      .counter = stamp.counter,
                      .encrypted_before = session.answers_encrypted(),
                      .request_hash = request_hash(parties.domain, tag)}};
}

Result<Reply> open_reply(crypto::ByteView bytes, const Pending& pending) {
  RoutableMessage message;
  if (bytes.empty() || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Failure{.kind = Kind::upstream_malformed, .message = "the reply is not a message of a vehicle"};
  }
  if (const auto why = mismatch(message, pending)) return untrusted(*why);

  Reply reply{.fault = static_cast<std::uint32_t>(message.signedmessagestatus().signed_message_fault()),
              .operation_status = status_of(message)};
  if (message.signature_data().has_aes_gcm_response_data()) {
    reply.payload = decrypt(message, pending);
    if (!reply.payload) return untrusted("it cannot be decrypted");
    reply.authenticated = true;
  } else if (message.has_protobuf_message_as_bytes()) {
    const auto payload = crypto::as_bytes(message.protobuf_message_as_bytes());
    reply.payload.emplace(payload.begin(), payload.end());
  } else if (message.has_session_info()) {
    reply.session_info = claim_in(message);
  }
  return reply;
}

std::optional<SessionInfo> parse_session_info(crypto::ByteView encoded) {
  Signatures::SessionInfo message;
  if (!message.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) return std::nullopt;
  SessionInfo info{.counter = message.counter(),
                   .clock_time = {message.clock_time()},
                   .key_not_paired = message.status() == Signatures::SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST};
  if (info.key_not_paired) return info;
  if (message.status() != Signatures::SESSION_INFO_STATUS_OK) return std::nullopt;
  if (message.publickey().size() != info.vehicle_point.size()) return std::nullopt;
  if (message.epoch().size() != info.epoch.bytes.size()) return std::nullopt;
  std::ranges::copy(message.publickey(), info.vehicle_point.begin());
  std::ranges::copy(message.epoch(), info.epoch.bytes.begin());
  return info;
}

}  // namespace fleetsign::protocol
