// SPDX-License-Identifier: Apache-2.0
#include "tests/protocol/fake_vehicle.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "crypto/digest.h"
#include "crypto/random.h"
#include "protocol/proto/car_server.pb.h"

namespace fleetsign::protocol::test {
namespace {

using namespace UniversalMessage;

constexpr std::uint32_t kEncryptResponse = 2;
constexpr std::uint32_t kWindow = 32;
constexpr std::uint32_t kLongestLifetime = 30;
constexpr std::uint32_t kLatestExpiry = 1U << 30;
constexpr std::size_t kVehicleSecurityHash = 17;

std::string random_text() {
  return crypto::as_text(crypto::random_bytes<16>());
}

std::string byte(int value) {
  return {static_cast<char>(value)};
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string tlv(int tag, const std::string& value) {
  return byte(tag) + byte(static_cast<int>(value.size())) + value;
}

crypto::PublicPoint to_point(const std::string& text) {
  crypto::PublicPoint point{};
  if (text.size() != point.size()) throw std::invalid_argument("a client key of the wrong length");
  std::ranges::copy(text, point.begin());
  return point;
}

/// "K = SHA-1(S)[0..16]"
crypto::AesKey agree(const crypto::PrivateKey& own, const std::string& peer) {
  const auto shared = own.agree(to_point(peer));
  const auto digest = crypto::sha1(shared.value().expose());
  return crypto::AesKey(std::span(digest).first<16>());
}

std::string tag_of(const crypto::AesKey& key, std::string_view label, const std::string& metadata,
                   const std::string& content) {
  const auto sub_key = crypto::hmac_sha256(key.expose(), {crypto::as_bytes(label)});
  return crypto::as_text(crypto::hmac_sha256(sub_key, {crypto::as_bytes(metadata), crypto::as_bytes(content)}));
}

std::string command_metadata(const RoutableMessage& request, const std::string& vin) {
  const auto& data = request.signature_data().hmac_personalized_data();
  const auto flags = request.flags() == 0 ? std::string() : tlv(7, big_endian(request.flags()));
  return tlv(0, byte(8)) + tlv(1, byte(request.to_destination().domain())) + tlv(2, vin) + tlv(3, data.epoch()) +
         tlv(4, big_endian(data.expires_at())) + tlv(5, big_endian(data.counter())) + flags + byte(0xFF);
}

std::string reply_metadata(const RoutableMessage& reply, const RoutableMessage& request, const std::string& vin) {
  const auto domain = request.to_destination().domain();
  auto hash = byte(8) + request.signature_data().hmac_personalized_data().tag();
  if (domain == DOMAIN_VEHICLE_SECURITY) hash.resize(kVehicleSecurityHash);
  const auto counter = reply.signature_data().aes_gcm_response_data().counter();
  const auto fault = static_cast<std::uint32_t>(reply.signedmessagestatus().signed_message_fault());
  return tlv(0, byte(9)) + tlv(1, byte(domain)) + tlv(2, vin) + tlv(5, big_endian(counter)) +
         tlv(7, big_endian(reply.flags())) + tlv(8, hash) + tlv(9, big_endian(fault)) + byte(0xFF);
}

/// VCSEC says nothing when all is well.
std::optional<std::string> plain_success(Domain domain) {
  if (domain == DOMAIN_VEHICLE_SECURITY) return std::nullopt;
  CarServer::Response response;
  response.mutable_actionstatus();
  return response.SerializeAsString();
}

RoutableMessage addressed(const RoutableMessage& request) {
  RoutableMessage reply;
  reply.mutable_from_destination()->set_domain(request.to_destination().domain());
  reply.mutable_to_destination()->set_routing_address(request.from_destination().routing_address());
  reply.set_uuid(random_text());
  // VCSEC leaves request_uuid empty.
  if (request.to_destination().domain() != DOMAIN_VEHICLE_SECURITY) reply.set_request_uuid(request.uuid());
  return reply;
}

}  // namespace

FakeVehicle::FakeVehicle(Domain domain, std::string vin, const crypto::PublicPoint& client)
    : domain_(domain),
      vin_(std::move(vin)),
      client_(crypto::as_text(client)),
      key_(crypto::PrivateKey::generate()),
      shared_key_(agree(key_, client_)),
      epoch_(random_text()) {}

void FakeVehicle::reboot() {
  epoch_ = random_text();
  time_ = {};
  highest_counter_ = 0;
  used_ = 0;
}

void FakeVehicle::rotate_key() {
  key_ = crypto::PrivateKey::generate();
  shared_key_ = agree(key_, client_);
  reboot();
}

void FakeVehicle::become(crypto::PrivateKey key, std::string epoch, std::uint32_t counter) {
  key_ = std::move(key);
  shared_key_ = agree(key_, client_);
  epoch_ = std::move(epoch);
  highest_counter_ = counter;
  used_ = 0;
}

std::uint32_t FakeVehicle::seconds() const {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(time_).count());
}

RoutableMessage FakeVehicle::answer(const RoutableMessage& request) {
  if (!excuses.empty()) {
    const auto excuse = excuses.front();
    excuses.pop_front();
    return decline(request, excuse);
  }
  if (!request.has_session_info_request()) return answer_command(request);
  auto reply = addressed(request);
  attach_session_info(reply, request);
  return reply;
}

RoutableMessage FakeVehicle::decline(const RoutableMessage& request, const Excuse& excuse) {
  auto reply = addressed(request);
  reply.mutable_signedmessagestatus()->set_operation_status(excuse.status);
  reply.mutable_signedmessagestatus()->set_signed_message_fault(excuse.fault);
  if (excuse.attach == Attach::session_info) attach_session_info(reply, request);
  return reply;
}

void FakeVehicle::attach_session_info(RoutableMessage& reply, const RoutableMessage& request) {
  Signatures::SessionInfo info;
  if (!paired_) info.set_status(Signatures::SESSION_INFO_STATUS_KEY_NOT_ON_WHITELIST);
  if (!paired_ && !tags_when_unpaired) {
    reply.set_session_info(info.SerializeAsString());
    return;
  }
  info.set_counter(highest_counter_);
  info.set_publickey(crypto::as_text(key_.public_point()));
  info.set_epoch(epoch_);
  info.set_clock_time(seconds());
  reply.set_session_info(info.SerializeAsString());
  tag_session_info(reply, request);
}

std::string FakeVehicle::with_own_key(const std::string& session_info) const {
  Signatures::SessionInfo info;
  if (!info.ParseFromString(session_info)) return session_info;
  info.set_publickey(crypto::as_text(key_.public_point()));
  return info.SerializeAsString();
}

void FakeVehicle::tag_session_info(RoutableMessage& reply, const RoutableMessage& request) const {
  const auto metadata = tlv(0, byte(6)) + tlv(2, vin_) + tlv(6, request.uuid()) + byte(0xFF);
  reply.mutable_signature_data()->mutable_session_info_tag()->set_tag(
      tag_of(shared_key_, "session info", metadata, reply.session_info()));
}

RoutableMessage FakeVehicle::answer_command(const RoutableMessage& request) {
  if (const auto excuse = objection(request)) return decline(request, *excuse);
  const auto counter = request.signature_data().hmac_personalized_data().counter();
  note_use(counter);
  if (!payload) {
    executed_.push_back({.uuid = request.uuid(), .counter = counter, .payload = request.protobuf_message_as_bytes()});
  }

  auto reply = addressed(request);
  if (const auto said = payload ? payload : plain_success(domain_)) {
    reply.set_protobuf_message_as_bytes(*said);
    if (encrypts_replies && (request.flags() & kEncryptResponse) != 0) encrypt(reply, request);
  }
  return reply;
}

std::optional<Excuse> FakeVehicle::objection(const RoutableMessage& request) const {
  const auto& data = request.signature_data().hmac_personalized_data();
  const auto now = seconds();
  const auto out_of_step = [](MessageFault_E fault) { return Excuse{.fault = fault, .attach = Attach::session_info}; };

  if (!paired_ || request.signature_data().signer_identity().public_key() != client_)
    return Excuse{.fault = MESSAGEFAULT_ERROR_UNKNOWN_KEY_ID};
  if (request.to_destination().domain() != domain_) return Excuse{.fault = MESSAGEFAULT_ERROR_INVALID_DOMAINS};
  if (!request.signature_data().has_hmac_personalized_data()) return Excuse{.fault = MESSAGEFAULT_ERROR_BAD_PARAMETER};
  if (data.epoch() != epoch_) return out_of_step(MESSAGEFAULT_ERROR_INCORRECT_EPOCH);
  if (data.expires_at() < now) return out_of_step(MESSAGEFAULT_ERROR_TIME_EXPIRED);
  if (data.expires_at() > kLatestExpiry) return out_of_step(MESSAGEFAULT_ERROR_BAD_PARAMETER);
  const bool out_of_order = data.counter() == 0 || data.counter() < highest_counter_;
  if (out_of_order && (data.expires_at() == 0 || data.expires_at() - now > kLongestLifetime))
    return out_of_step(MESSAGEFAULT_ERROR_TIME_TO_LIVE_TOO_LONG);
  const auto tag = tag_of(shared_key_, "authenticated command", command_metadata(request, vin_),
                          request.protobuf_message_as_bytes());
  if (data.tag() != tag) return out_of_step(MESSAGEFAULT_ERROR_INVALID_SIGNATURE);
  if (was_used(data.counter())) return out_of_step(MESSAGEFAULT_ERROR_INVALID_TOKEN_OR_COUNTER);
  return std::nullopt;
}

bool FakeVehicle::was_used(std::uint32_t counter) const {
  if (counter > highest_counter_) return false;
  const auto behind = highest_counter_ - counter;
  if (domain_ == DOMAIN_VEHICLE_SECURITY || behind == 0 || behind > kWindow) return true;
  return (used_ >> (behind - 1) & 1U) != 0;
}

void FakeVehicle::note_use(std::uint32_t counter) {
  if (counter < highest_counter_) {
    used_ |= 1U << (highest_counter_ - counter - 1);
    return;
  }
  // The old highest moves into the window, as far as that reaches; 64 bits so that a shift by 32 is one.
  const auto steps = counter - highest_counter_;
  used_ = steps > kWindow ? 0 : static_cast<std::uint32_t>((std::uint64_t{used_} << 1 | 1) << (steps - 1));
  highest_counter_ = counter;
}

void FakeVehicle::skip_to(std::uint32_t counter) {
  if (counter > highest_counter_) note_use(counter);
}

void FakeVehicle::encrypt(RoutableMessage& reply, const RoutableMessage& request) {
  auto& data = *reply.mutable_signature_data()->mutable_aes_gcm_response_data();
  data.set_counter(++replies_);
  const auto nonce = crypto::random_bytes<12>();
  const auto metadata = reply_metadata(reply, request, vin_);
  const auto sealed = crypto::seal_aes_gcm(shared_key_, nonce, crypto::as_bytes(reply.protobuf_message_as_bytes()),
                                           crypto::sha256({crypto::as_bytes(metadata)}));
  data.set_nonce(crypto::as_text(nonce));
  data.set_tag(crypto::as_text(sealed.tag));
  reply.set_protobuf_message_as_bytes(crypto::as_text(sealed.ciphertext));
}

crypto::Bytes to_bytes(const google::protobuf::Message& message) {
  const auto text = message.SerializeAsString();
  return {text.begin(), text.end()};
}

RoutableMessage to_message(crypto::ByteView bytes) {
  RoutableMessage message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw std::invalid_argument("not a message");
  return message;
}

}  // namespace fleetsign::protocol::test
