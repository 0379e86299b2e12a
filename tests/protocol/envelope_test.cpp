// SPDX-License-Identifier: Apache-2.0
#include "protocol/envelope.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "tests/protocol/fake_vehicle.h"
#include "tests/protocol/flipped.h"
#include "tests/protocol/known_session.h"

namespace fleetsign::protocol {
namespace {

using crypto::as_bytes;
using crypto::as_text;
using test::hex;
using test::hex_array;
using test::known;
using test::known_number;
using test::RoutableMessage;
using test::to_bytes;
using test::to_message;
using test::with_each_bit_flipped;

const std::string kInfotainment = "/hmac_command_infotainment";
const std::string kVehicleSecurity = "/hmac_command_vcsec";
const std::string kReply = "/aes_gcm_response_infotainment";

Nonces known_nonces() {
  return {.uuid = {hex_array<16>(known("/session_info/request_uuid"))},
          .routing_address = {hex_array<16>(known("/session_info/routing_address"))}};
}

Envelope known_command(const std::string& group) {
  const auto domain = group == kVehicleSecurity ? Domain::vehicle_security : Domain::infotainment;
  const Stamp stamp{.keys = test::known_keys(),
                    .epoch = test::known_epoch(),
                    .counter = known_number(group + "/counter"),
                    .expires_at = {known_number(group + "/expires_at")},
                    .generation = 3};
  return make_command(Session(test::known_parties(domain)), stamp,
                      {.domain = domain, .bytes = hex(known(group + "/payload"))}, known_nonces(),
                      Instant(std::chrono::seconds(5)));
}

/// The published reply to the infotainment command, in an envelope.
RoutableMessage known_reply() {
  RoutableMessage reply;
  reply.mutable_from_destination()->set_domain(UniversalMessage::DOMAIN_INFOTAINMENT);
  reply.mutable_to_destination()->set_routing_address(as_text(known_nonces().routing_address.bytes));
  reply.set_request_uuid(as_text(known_nonces().uuid.bytes));
  reply.set_protobuf_message_as_bytes(as_text(hex(known(kReply + "/ciphertext"))));
  auto& data = *reply.mutable_signature_data()->mutable_aes_gcm_response_data();
  data.set_nonce(as_text(hex(known(kReply + "/nonce"))));
  data.set_counter(known_number(kReply + "/counter"));
  data.set_tag(as_text(hex(known(kReply + "/tag"))));
  return reply;
}

Kind refusal_of(const RoutableMessage& reply, const Pending& pending) {
  const auto opened = open_reply(to_bytes(reply), pending);
  REQUIRE_FALSE(opened);
  return opened.error().kind;
}

TEST_CASE("envelope: a handshake asks the domain for its session info, under the client's point") {
  Session session(test::known_parties(Domain::vehicle_security));
  session.forget();
  const auto envelope = make_handshake(session, known_nonces(), Instant(std::chrono::seconds(5)));
  const auto message = to_message(envelope.message);
  CHECK(message.to_destination().domain() == UniversalMessage::DOMAIN_VEHICLE_SECURITY);
  CHECK(message.from_destination().routing_address() == as_text(known_nonces().routing_address.bytes));
  CHECK(message.uuid() == as_text(known_nonces().uuid.bytes));
  CHECK(message.session_info_request().public_key() == as_text(hex(known("/client_public"))));
  CHECK_FALSE(message.has_signature_data());
  CHECK(message.flags() == 0);

  CHECK_FALSE(envelope.pending.keys);
  CHECK(envelope.pending.generation == session.generation());
  CHECK(envelope.pending.sent_at == Instant(std::chrono::seconds(5)));
}

TEST_CASE("envelope: a command has the published tag and request hash, in each domain") {
  for (const auto& group : {kInfotainment, kVehicleSecurity}) {
    CAPTURE(group);
    const auto envelope = known_command(group);
    const auto message = to_message(envelope.message);
    const auto& hmac = message.signature_data().hmac_personalized_data();
    CHECK(crypto::to_hex(as_bytes(hmac.tag())) == known(group + "/tag"));
    CHECK(crypto::to_hex(as_bytes(hmac.epoch())) == known("/session_info/decoded/epoch"));
    CHECK(hmac.counter() == known_number(group + "/counter"));
    CHECK(hmac.expires_at() == known_number(group + "/expires_at"));
    CHECK(crypto::to_hex(as_bytes(message.signature_data().signer_identity().public_key())) == known("/client_public"));
    CHECK(crypto::to_hex(as_bytes(message.protobuf_message_as_bytes())) == known(group + "/payload"));
    CHECK(message.flags() == known_number(group + "/flags"));
    CHECK(message.to_destination().domain() == (group == kInfotainment ? 3 : 2));
    CHECK(message.from_destination().routing_address() == as_text(known_nonces().routing_address.bytes));
    CHECK(message.uuid() == as_text(known_nonces().uuid.bytes));

    const auto hash = group == kInfotainment ? kReply + "/request_hash" : group + "/request_hash_for_response";
    CHECK(crypto::to_hex(envelope.pending.request_hash) == known(hash));
    CHECK(envelope.pending.generation == 3);
    CHECK(envelope.pending.counter == known_number(group + "/counter"));
    CHECK(envelope.pending.epoch == test::known_epoch());
  }
}

/// Takes the published command at the moment of its handshake.
test::FakeVehicle known_vehicle(Domain domain) {
  test::FakeVehicle vehicle(static_cast<UniversalMessage::Domain>(domain), known("/vin"),
                            hex_array<65>(known("/client_public")));
  vehicle.become(crypto::test::key_of(known("/vehicle_private_scalar")), as_text(test::known_epoch().bytes),
                 known_number("/session_info/decoded/counter"));
  vehicle.set_time(std::chrono::seconds(known_number("/session_info/decoded/clock_time")));
  return vehicle;
}

TEST_CASE("envelope: a vehicle executes the published commands, and refuses them with any bit flipped") {
  struct Field {
    const char* name;
    std::function<std::string*(RoutableMessage&)> of;
    int fault;
  };
  const std::vector<Field> fields = {
      {"payload", [](auto& message) { return message.mutable_protobuf_message_as_bytes(); }, 5},
      {"tag",
       [](auto& message) { return message.mutable_signature_data()->mutable_hmac_personalized_data()->mutable_tag(); },
       5},
      {"epoch",
       [](auto& message) {
         return message.mutable_signature_data()->mutable_hmac_personalized_data()->mutable_epoch();
       },
       15},
      {"signer",
       [](auto& message) { return message.mutable_signature_data()->mutable_signer_identity()->mutable_public_key(); },
       3},
  };
  for (const auto& group : {kInfotainment, kVehicleSecurity}) {
    CAPTURE(group);
    auto vehicle = known_vehicle(group == kInfotainment ? Domain::infotainment : Domain::vehicle_security);
    const auto command = to_message(known_command(group).message);
    for (const auto& field : fields) {
      CAPTURE(field.name);
      auto message = command;
      with_each_bit_flipped(*field.of(message), [&] {
        CHECK(vehicle.answer(message).signedmessagestatus().signed_message_fault() == field.fault);
      });
    }
    for (std::uint32_t bit = 0; bit < 32; ++bit) {
      CAPTURE(bit);
      const auto refuses = [&](const std::function<void(RoutableMessage&)>& flip) {
        auto message = command;
        flip(message);
        CHECK(vehicle.answer(message).signedmessagestatus().signed_message_fault() != 0);
      };
      const auto mask = 1U << bit;
      refuses([&](auto& message) { message.set_flags(message.flags() ^ mask); });
      refuses([&](auto& message) {
        auto& hmac = *message.mutable_signature_data()->mutable_hmac_personalized_data();
        hmac.set_counter(hmac.counter() ^ mask);
      });
      refuses([&](auto& message) {
        auto& hmac = *message.mutable_signature_data()->mutable_hmac_personalized_data();
        hmac.set_expires_at(hmac.expires_at() ^ mask);
      });
    }
    CHECK(vehicle.executed().empty());
    CHECK(vehicle.answer(command).signedmessagestatus().signed_message_fault() == 0);
    CHECK(vehicle.executed().size() == 1);
  }
}

TEST_CASE("envelope: a command for another vehicle or another domain is refused") {
  const auto command = to_message(known_command(kInfotainment).message);
  auto other_domain = known_vehicle(Domain::vehicle_security);
  CHECK(other_domain.answer(command).signedmessagestatus().signed_message_fault() == 8);

  test::FakeVehicle other_vin(UniversalMessage::DOMAIN_INFOTAINMENT, "5YJ30123456789ABD",
                              hex_array<65>(known("/client_public")));
  other_vin.become(crypto::test::key_of(known("/vehicle_private_scalar")), as_text(test::known_epoch().bytes), 6);
  other_vin.set_time(std::chrono::seconds(2650));
  CHECK(other_vin.answer(command).signedmessagestatus().signed_message_fault() == 5);
}

TEST_CASE("envelope: the published reply opens, authenticated") {
  const auto opened = open_reply(to_bytes(known_reply()), known_command(kInfotainment).pending);
  REQUIRE(opened);
  CHECK(opened->authenticated);
  CHECK(opened->fault == 0);
  CHECK(opened->operation_status == OperationStatus::ok);
  REQUIRE(opened->payload);
  CHECK(crypto::to_hex(*opened->payload) == known(kReply + "/plaintext"));
}

TEST_CASE("envelope: the published reply is untrusted with any bit of its bytes flipped") {
  const auto pending = known_command(kInfotainment).pending;
  auto reply = known_reply();
  auto& data = *reply.mutable_signature_data()->mutable_aes_gcm_response_data();
  for (auto* field : {data.mutable_nonce(), data.mutable_tag(), reply.mutable_protobuf_message_as_bytes(),
                      reply.mutable_request_uuid(), reply.mutable_to_destination()->mutable_routing_address()}) {
    CAPTURE(crypto::to_hex(as_bytes(*field)));
    with_each_bit_flipped(*field, [&] { CHECK(refusal_of(reply, pending) == Kind::untrusted_reply); });
  }
  CHECK(open_reply(to_bytes(reply), pending));
}

TEST_CASE("envelope: the published reply is untrusted with any bit of its numbers flipped") {
  const auto pending = known_command(kInfotainment).pending;
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    CAPTURE(bit);
    const auto mask = 1U << bit;
    auto counter = known_reply();
    auto& data = *counter.mutable_signature_data()->mutable_aes_gcm_response_data();
    data.set_counter(data.counter() ^ mask);
    CHECK(refusal_of(counter, pending) == Kind::untrusted_reply);

    auto flags = known_reply();
    flags.set_flags(mask);
    CHECK(refusal_of(flags, pending) == Kind::untrusted_reply);

    auto fault = known_reply();
    fault.mutable_signedmessagestatus()->set_signed_message_fault(
        static_cast<UniversalMessage::MessageFault_E>(static_cast<int>(mask)));
    CHECK(refusal_of(fault, pending) == Kind::untrusted_reply);

    auto domain = known_reply();
    domain.mutable_from_destination()->set_domain(static_cast<UniversalMessage::Domain>(static_cast<int>(3 ^ mask)));
    CHECK(refusal_of(domain, pending) == Kind::untrusted_reply);
  }
}

TEST_CASE("envelope: the published reply is untrusted for any other request, vehicle or key") {
  auto pending = known_command(kInfotainment).pending;
  const auto refuses = [&] { CHECK(refusal_of(known_reply(), pending) == Kind::untrusted_reply); };
  with_each_bit_flipped(pending.request_hash, refuses);
  with_each_bit_flipped(pending.vin, refuses);
  with_each_bit_flipped(pending.nonces.uuid.bytes, refuses);
  with_each_bit_flipped(pending.nonces.routing_address.bytes, refuses);
  CHECK(open_reply(to_bytes(known_reply()), pending));

  pending.keys = SessionKeys::agree(*test::known_parties().client, crypto::PrivateKey::generate().public_point());
  refuses();
  pending.keys = nullptr;  // an encrypted reply to a handshake
  refuses();
}

TEST_CASE("envelope: a nonce or tag of another length is untrusted") {
  const auto pending = known_command(kInfotainment).pending;
  for (const auto change : {-1, 1}) {
    const auto resized = [&](std::string* field) {
      field->resize(static_cast<std::size_t>(static_cast<int>(field->size()) + change));
    };
    auto nonce = known_reply();
    resized(nonce.mutable_signature_data()->mutable_aes_gcm_response_data()->mutable_nonce());
    CHECK(refusal_of(nonce, pending) == Kind::untrusted_reply);
    auto tag = known_reply();
    resized(tag.mutable_signature_data()->mutable_aes_gcm_response_data()->mutable_tag());
    CHECK(refusal_of(tag, pending) == Kind::untrusted_reply);
  }
}

TEST_CASE("envelope: a reply without its addresses is untrusted, one without request_uuid is not") {
  const auto pending = known_command(kInfotainment).pending;
  auto reply = known_reply();
  reply.clear_request_uuid();
  CHECK(open_reply(to_bytes(reply), pending));
  reply.clear_from_destination();
  CHECK(refusal_of(reply, pending) == Kind::untrusted_reply);
  reply = known_reply();
  reply.clear_to_destination();
  CHECK(refusal_of(reply, pending) == Kind::untrusted_reply);
  // A prefix of our address is not our address.
  reply = known_reply();
  reply.mutable_to_destination()->mutable_routing_address()->pop_back();
  CHECK(refusal_of(reply, pending) == Kind::untrusted_reply);
}

TEST_CASE("envelope: bytes that are no message are malformed") {
  const auto pending = known_command(kInfotainment).pending;
  for (const auto& bytes : {crypto::Bytes{}, crypto::Bytes{0xFF}, hex("5203"), hex("62ff")}) {
    const auto opened = open_reply(bytes, pending);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == Kind::upstream_malformed);
  }
}

TEST_CASE("envelope: a vehicle's reply to VCSEC is bound to 17 bytes of the request hash") {
  auto vehicle = known_vehicle(Domain::vehicle_security);
  vehicle.payload = "any bytes";
  const auto command = known_command(kVehicleSecurity);
  const auto reply = vehicle.answer(to_message(command.message));
  CHECK(reply.request_uuid().empty());
  const auto opened = open_reply(to_bytes(reply), command.pending);
  REQUIRE(opened);
  CHECK(opened->authenticated);
  CHECK(as_text(opened->payload.value()) == "any bytes");
}

TEST_CASE("envelope: plaintext, fault and session info come out as they are, and unauthenticated") {
  const auto pending = known_command(kInfotainment).pending;
  auto reply = known_reply();
  reply.clear_signature_data();
  auto opened = open_reply(to_bytes(reply), pending);
  REQUIRE(opened);
  CHECK_FALSE(opened->authenticated);
  CHECK(crypto::to_hex(opened->payload.value()) == known(kReply + "/ciphertext"));

  reply.clear_protobuf_message_as_bytes();
  reply.set_session_info("info");
  reply.mutable_signature_data()->mutable_session_info_tag()->set_tag("tag");
  reply.mutable_signedmessagestatus()->set_operation_status(UniversalMessage::OPERATIONSTATUS_WAIT);
  reply.mutable_signedmessagestatus()->set_signed_message_fault(static_cast<UniversalMessage::MessageFault_E>(99));
  opened = open_reply(to_bytes(reply), pending);
  REQUIRE(opened);
  CHECK_FALSE(opened->authenticated);
  CHECK_FALSE(opened->payload);
  CHECK(opened->fault == 99);
  CHECK(opened->operation_status == OperationStatus::wait);
  REQUIRE(opened->session_info);
  CHECK(as_text(opened->session_info->encoded) == "info");
  CHECK(as_text(opened->session_info->tag) == "tag");
}

TEST_CASE("envelope: an operation status that nobody knows is an error") {
  auto reply = known_reply();
  reply.mutable_signedmessagestatus()->set_operation_status(static_cast<UniversalMessage::OperationStatus_E>(7));
  const auto opened = open_reply(to_bytes(reply), known_command(kInfotainment).pending);
  REQUIRE(opened);
  CHECK(opened->operation_status == OperationStatus::error);
}

TEST_CASE("envelope: the published session info parses") {
  const auto info = parse_session_info(hex(known("/session_info/encoded")));
  REQUIRE(info);
  CHECK(info->counter == known_number("/session_info/decoded/counter"));
  CHECK(info->vehicle_point == hex_array<65>(known("/vehicle_public")));
  CHECK(info->epoch == test::known_epoch());
  CHECK(info->clock_time.seconds == known_number("/session_info/decoded/clock_time"));
  CHECK_FALSE(info->key_not_paired);
}

TEST_CASE("envelope: a session info with a field of the wrong length is none, unless the key is not paired") {
  Signatures::SessionInfo valid;
  valid.ParseFromString(as_text(hex(known("/session_info/encoded"))));
  const auto parses = [](const Signatures::SessionInfo& info) {
    return parse_session_info(to_bytes(info)).has_value();
  };
  CHECK(parses(valid));

  auto key = valid;
  key.mutable_publickey()->pop_back();
  CHECK_FALSE(parses(key));
  auto epoch = valid;
  epoch.mutable_epoch()->push_back('x');
  CHECK_FALSE(parses(epoch));
  auto status = valid;
  status.set_status(static_cast<Signatures::Session_Info_Status>(2));
  CHECK_FALSE(parses(status));
  CHECK_FALSE(parse_session_info({}));
  CHECK_FALSE(parse_session_info(hex("ff")));

  const auto unpaired = parse_session_info(hex("2801"));
  REQUIRE(unpaired);
  CHECK(unpaired->key_not_paired);
}

}  // namespace
}  // namespace fleetsign::protocol
