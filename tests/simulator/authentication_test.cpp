// SPDX-License-Identifier: Apache-2.0
#include "simulator/authentication.h"

#include <doctest/doctest.h>

#include "tests/crypto/known_answers.h"

namespace {

using namespace fleetsign;
using crypto::test::hex;
using crypto::test::known;

std::string bytes_of(const std::string& pointer) {
  return crypto::as_text(hex(known(pointer)));
}

crypto::AesKey known_key() {
  return crypto::AesKey(crypto::test::hex_array<16>(known("/session_key/value")));
}

std::uint32_t number(const std::string& pointer) {
  return crypto::test::protocol_vectors().at(nlohmann::json::json_pointer(pointer)).get<std::uint32_t>();
}

UniversalMessage::RoutableMessage known_command(const std::string& name, UniversalMessage::Domain domain) {
  UniversalMessage::RoutableMessage command;
  command.mutable_to_destination()->set_domain(domain);
  command.set_flags(number(name + "/flags"));
  command.set_protobuf_message_as_bytes(bytes_of(name + "/payload"));
  auto& data = *command.mutable_signature_data()->mutable_hmac_personalized_data();
  data.set_epoch(bytes_of("/session_info/decoded/epoch"));
  data.set_counter(number(name + "/counter"));
  data.set_expires_at(number(name + "/expires_at"));
  data.set_tag(bytes_of(name + "/tag"));
  return command;
}

}  // namespace

TEST_CASE("authentication: the session key is the one of the specification's example") {
  const auto vehicle = crypto::test::key_of(known("/vehicle_private_scalar"));
  const auto client = crypto::test::hex_array<65>(known("/client_public"));
  const auto key = simulator::session_key(vehicle.agree(client).value());
  CHECK(crypto::to_hex(key.expose()) == known("/session_key/value"));
}

TEST_CASE("authentication: a session info has the tag of the specification's example") {
  const auto tag = simulator::session_info_tag(known_key(), known("/vin"), bytes_of("/session_info/request_uuid"),
                                               bytes_of("/session_info/encoded"));
  CHECK(crypto::to_hex(tag) == known("/session_info/hmac_tag"));
}

TEST_CASE("authentication: commands to both domains have the tags that others computed") {
  const auto infotainment = known_command("/hmac_command_infotainment", UniversalMessage::DOMAIN_INFOTAINMENT);
  CHECK(crypto::to_hex(simulator::command_tag(known_key(), known("/vin"), infotainment)) ==
        known("/hmac_command_infotainment/tag"));
  const auto security = known_command("/hmac_command_vcsec", UniversalMessage::DOMAIN_VEHICLE_SECURITY);
  CHECK(crypto::to_hex(simulator::command_tag(known_key(), known("/vin"), security)) ==
        known("/hmac_command_vcsec/tag"));
}

TEST_CASE("authentication: flags of 0 are not part of a command's metadata") {
  auto command = known_command("/hmac_command_infotainment", UniversalMessage::DOMAIN_INFOTAINMENT);
  command.set_flags(0);
  const auto tag = simulator::command_tag(known_key(), known("/vin"), command);
  CHECK(crypto::to_hex(tag) != known("/hmac_command_infotainment/tag"));
  CHECK(simulator::Metadata(Signatures::SIGNATURE_TYPE_HMAC).encoded() == hex("000106ff"));
}

TEST_CASE("authentication: the request hash is cut for vehicle security, and whole for infotainment") {
  const auto infotainment = known_command("/hmac_command_infotainment", UniversalMessage::DOMAIN_INFOTAINMENT);
  CHECK(crypto::to_hex(simulator::request_hash(infotainment)) == known("/aes_gcm_response_infotainment/request_hash"));
  const auto security = known_command("/hmac_command_vcsec", UniversalMessage::DOMAIN_VEHICLE_SECURITY);
  CHECK(crypto::to_hex(simulator::request_hash(security)) == known("/hmac_command_vcsec/request_hash_for_response"));
}

TEST_CASE("authentication: a reply is sealed into the bytes that others computed") {
  const auto command = known_command("/hmac_command_infotainment", UniversalMessage::DOMAIN_INFOTAINMENT);
  UniversalMessage::RoutableMessage reply;
  reply.mutable_from_destination()->set_domain(UniversalMessage::DOMAIN_INFOTAINMENT);
  simulator::seal_payload(reply, command, bytes_of("/aes_gcm_response_infotainment/plaintext"), known("/vin"),
                          known_key(), crypto::test::hex_array<12>(known("/aes_gcm_response_infotainment/nonce")));
  const auto& data = reply.signature_data().aes_gcm_response_data();
  CHECK(reply.protobuf_message_as_bytes() == bytes_of("/aes_gcm_response_infotainment/ciphertext"));
  CHECK(data.tag() == bytes_of("/aes_gcm_response_infotainment/tag"));
  CHECK(data.nonce() == bytes_of("/aes_gcm_response_infotainment/nonce"));
  CHECK(data.counter() == number("/aes_gcm_response_infotainment/counter"));
}

TEST_CASE("authentication: a value that does not fit its length byte is refused") {
  simulator::Metadata metadata(Signatures::SIGNATURE_TYPE_HMAC);
  CHECK_NOTHROW(metadata.add(Signatures::TAG_CHALLENGE, std::string(255, 'x')));
  CHECK_THROWS_AS(metadata.add(Signatures::TAG_CHALLENGE, std::string(256, 'x')), std::length_error);
}
