// SPDX-License-Identifier: Apache-2.0
#include "protocol/session_keys.h"

#include <doctest/doctest.h>

#include "tests/protocol/flipped.h"
#include "tests/protocol/known_session.h"

namespace fleetsign::protocol {
namespace {

using test::hex;
using test::hex_array;
using test::known;
using test::with_each_bit_flipped;

const std::string kReply = "/aes_gcm_response_infotainment";

TEST_CASE("session keys: client and vehicle agree on the published key") {
  // The key is never shown, but what is sealed under the published one opens under ours.
  const auto client = test::known_keys();
  const auto vehicle = SessionKeys::agree(crypto::test::key_of(known("/vehicle_private_scalar")),
                                          hex_array<65>(known("/client_public")));
  REQUIRE(client);
  REQUIRE(vehicle);
  const auto published = crypto::test::hex_secret<16>(known("/session_key/value"));
  const auto metadata = crypto::as_bytes("metadata");
  const auto sealed = crypto::seal_aes_gcm(published, {}, crypto::as_bytes("plaintext"), crypto::sha256({metadata}));
  for (const auto& keys : {client, vehicle}) {
    const auto opened = keys->open_reply({}, sealed.ciphertext, sealed.tag, metadata);
    REQUIRE(opened);
    CHECK(crypto::as_text(*opened) == "plaintext");
  }
  CHECK(client->vehicle_point() == hex_array<65>(known("/vehicle_public")));
}

TEST_CASE("session keys: a session info has the published tag, and no other has") {
  const auto keys = test::known_keys();
  const auto tag = hex_array<32>(known("/session_info/hmac_tag"));
  auto metadata = hex(known("/session_info/metadata"));
  auto info = hex(known("/session_info/encoded"));
  CHECK(keys->session_info_tag(metadata, info) == tag);
  with_each_bit_flipped(metadata, [&] { CHECK(keys->session_info_tag(metadata, info) != tag); });
  with_each_bit_flipped(info, [&] { CHECK(keys->session_info_tag(metadata, info) != tag); });
}

TEST_CASE("session keys: commands have the published tags, and no others have") {
  const auto keys = test::known_keys();
  for (const std::string group : {"/hmac_command_infotainment", "/hmac_command_vcsec"}) {
    CAPTURE(group);
    const auto tag = hex_array<32>(known(group + "/tag"));
    auto metadata = hex(known(group + "/metadata"));
    auto payload = hex(known(group + "/payload"));
    CHECK(keys->command_tag(metadata, payload) == tag);
    with_each_bit_flipped(metadata, [&] { CHECK(keys->command_tag(metadata, payload) != tag); });
    with_each_bit_flipped(payload, [&] { CHECK(keys->command_tag(metadata, payload) != tag); });
  }
}

TEST_CASE("session keys: the two kinds of tag are under different keys") {
  const auto keys = test::known_keys();
  CHECK(keys->session_info_tag({}, {}) != keys->command_tag({}, {}));
}

TEST_CASE("session keys: the published replies open, and not with any bit flipped") {
  const auto keys = test::known_keys();
  // The command's associated data is made in the same way as a reply's.
  for (const auto& group : {kReply, std::string("/aes_gcm_command")}) {
    CAPTURE(group);
    const auto* plaintext = group == kReply ? "/plaintext" : "/plaintext_action";
    auto nonce = hex_array<12>(known(group + "/nonce"));
    auto ciphertext = hex(known(group + "/ciphertext"));
    auto tag = hex_array<16>(known(group + "/tag"));
    auto metadata = hex(known(group + "/metadata"));
    const auto open = [&] { return keys->open_reply(nonce, ciphertext, tag, metadata); };
    REQUIRE(open());
    CHECK(crypto::to_hex(*open()) == known(group + plaintext));
    const auto refuses = [&] { CHECK_FALSE(open()); };
    with_each_bit_flipped(nonce, refuses);
    with_each_bit_flipped(ciphertext, refuses);
    with_each_bit_flipped(tag, refuses);
    with_each_bit_flipped(metadata, refuses);
  }
}

TEST_CASE("session keys: there are none with a vehicle key that is not a point of the curve") {
  const auto client = test::known_parties().client;
  auto point = hex_array<65>(known("/vehicle_public"));
  int refused = 0;
  with_each_bit_flipped(point, [&] { refused += SessionKeys::agree(*client, point) == nullptr ? 1 : 0; });
  CHECK(refused == 65 * 8);
  CHECK(SessionKeys::agree(*client, crypto::PublicPoint{}) == nullptr);
  // SEC 1's hybrid form names the same point, but the protocol does not have it.
  point.front() = 7;
  CHECK(SessionKeys::agree(*client, point) == nullptr);
}

TEST_CASE("session keys: another vehicle key gives other keys") {
  const auto other = SessionKeys::agree(*test::known_parties().client, crypto::PrivateKey::generate().public_point());
  REQUIRE(other);
  CHECK(other->command_tag({}, {}) != test::known_keys()->command_tag({}, {}));
}

}  // namespace
}  // namespace fleetsign::protocol
