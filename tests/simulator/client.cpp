// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/client.h"

#include <algorithm>
#include <stdexcept>

#include "crypto/random.h"

namespace fleetsign::test {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (int value : values) text += static_cast<char>(value);
  return text;
}

std::string tlv(int tag, std::string_view value) {
  return bytes({tag, static_cast<int>(value.size())}) + std::string(value);
}

std::string tlv(int tag, std::uint32_t value) {
  return tlv(tag, bytes({static_cast<int>(value >> 24), static_cast<int>(value >> 16 & 255),
                         static_cast<int>(value >> 8 & 255), static_cast<int>(value & 255)}));
}

const std::string kEnd = bytes({0xFF});

std::string hmac(std::string_view key, std::string_view message) {
  return crypto::as_text(crypto::hmac_sha256(crypto::as_bytes(key), {crypto::as_bytes(message)}));
}

std::string labelled(const crypto::AesKey& key, std::string_view label) {
  return hmac(crypto::as_text(key.expose()), label);
}

std::string random_text() {
  return crypto::as_text(crypto::random_bytes<16>());
}

}  // namespace

crypto::AesKey Client::session_key(std::string_view domain_key) const {
  crypto::PublicPoint point{};
  if (domain_key.size() != point.size()) throw std::invalid_argument("a domain key is 65 bytes long");
  std::copy(domain_key.begin(), domain_key.end(), point.begin());
  const auto shared = key_.agree(point);
  const auto digest = crypto::sha1(shared.value().expose());
  return crypto::AesKey(std::span<const std::uint8_t, 20>(digest).first<16>());
}

RoutableMessage Client::handshake(UniversalMessage::Domain domain) const {
  RoutableMessage request;
  request.mutable_to_destination()->set_domain(domain);
  request.mutable_from_destination()->set_routing_address(random_text());
  request.set_uuid(random_text());
  request.mutable_session_info_request()->set_public_key(crypto::as_text(key_.public_point()));
  return request;
}

bool Client::adopt(const RoutableMessage& request, const RoutableMessage& reply) {
  Signatures::SessionInfo info;
  if (!info.ParseFromString(reply.session_info()) || info.publickey().empty()) return false;
  const auto message = tlv(0, bytes({6})) + tlv(2, vin_) + tlv(6, request.uuid()) + kEnd + reply.session_info();
  const auto tag = hmac(labelled(session_key(info.publickey()), "session info"), message);
  if (tag != reply.signature_data().session_info_tag().tag()) return false;
  sessions_[request.to_destination().domain()] = {.domain_key = info.publickey(),
                                                  .epoch = info.epoch(),
                                                  .counter = info.counter(),
                                                  .clock_time = info.clock_time()};
  return true;
}

RoutableMessage Client::command(UniversalMessage::Domain domain, const std::string& payload,
                                const CommandOptions& options) {
  auto& session = sessions_.at(domain);
  RoutableMessage command;
  command.mutable_to_destination()->set_domain(domain);
  command.mutable_from_destination()->set_routing_address(random_text());
  command.set_uuid(random_text());
  command.set_flags(options.flags);
  command.set_protobuf_message_as_bytes(payload);
  command.mutable_signature_data()->mutable_signer_identity()->set_public_key(crypto::as_text(key_.public_point()));
  auto& hmac_data = *command.mutable_signature_data()->mutable_hmac_personalized_data();
  hmac_data.set_epoch(options.epoch.value_or(session.epoch));
  hmac_data.set_counter(options.counter ? *options.counter : ++session.counter);
  hmac_data.set_expires_at(options.expires_at.value_or(session.clock_time + 10));
  sign(command);
  return command;
}

RoutableMessage Client::command(const CarServer::VehicleAction& action, const CommandOptions& options) {
  CarServer::Action envelope;
  *envelope.mutable_vehicleaction() = action;
  return command(kInfotainment, envelope.SerializeAsString(), options);
}

RoutableMessage Client::command(const VCSEC::UnsignedMessage& message, const CommandOptions& options) {
  return command(kSecurity, message.SerializeAsString(), options);
}

void Client::sign(RoutableMessage& command) const {
  auto& data = *command.mutable_signature_data()->mutable_hmac_personalized_data();
  const auto domain = command.to_destination().domain();
  auto metadata = tlv(0, bytes({8})) + tlv(1, bytes({domain})) + tlv(2, vin_) + tlv(3, data.epoch()) +
                  tlv(4, data.expires_at()) + tlv(5, data.counter());
  if (command.flags() != 0) metadata += tlv(7, command.flags());
  const auto key = labelled(session_key(sessions_.at(domain).domain_key), "authenticated command");
  data.set_tag(hmac(key, metadata + kEnd + command.protobuf_message_as_bytes()));
}

std::optional<std::string> Client::open(const RoutableMessage& command, const RoutableMessage& reply) const {
  const auto domain = command.to_destination().domain();
  auto hash = bytes({8}) + command.signature_data().hmac_personalized_data().tag();
  if (domain == kSecurity) hash.resize(17);
  const auto& data = reply.signature_data().aes_gcm_response_data();
  const auto metadata = tlv(0, bytes({9})) + tlv(1, bytes({domain})) + tlv(2, vin_) + tlv(5, data.counter()) +
                        tlv(7, reply.flags()) + tlv(8, hash) +
                        tlv(9, static_cast<std::uint32_t>(reply.signedmessagestatus().signed_message_fault())) + kEnd;
  crypto::GcmNonce nonce{};
  crypto::GcmTag tag{};
  if (data.nonce().size() != nonce.size() || data.tag().size() != tag.size()) return std::nullopt;
  std::copy(data.nonce().begin(), data.nonce().end(), nonce.begin());
  std::copy(data.tag().begin(), data.tag().end(), tag.begin());
  const auto plaintext = crypto::open_aes_gcm(session_key(sessions_.at(domain).domain_key), nonce,
                                              crypto::as_bytes(reply.protobuf_message_as_bytes()), tag,
                                              crypto::sha256({crypto::as_bytes(metadata)}));
  if (!plaintext) return std::nullopt;
  return crypto::as_text(*plaintext);
}

}  // namespace fleetsign::test
