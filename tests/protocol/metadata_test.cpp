// SPDX-License-Identifier: Apache-2.0
#include "protocol/metadata.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/protocol/known_session.h"

namespace fleetsign::protocol {
namespace {

using test::hex;
using test::known;
using test::known_number;

constexpr auto kAesGcmPersonalized = static_cast<SignatureType>(5);  // of other transports, for its known answer

crypto::Bytes command_metadata(SignatureType type, std::uint8_t domain, const std::string& group,
                               std::uint32_t flags = 0) {
  auto metadata = Metadata(type)
                      .add(Tag::domain, domain)
                      .add(Tag::personalization, crypto::as_bytes(known("/vin")))
                      .add(Tag::epoch, test::known_epoch().bytes)
                      .add(Tag::expires_at, known_number(group + "/expires_at"))
                      .add(Tag::counter, known_number(group + "/counter"));
  if (flags != 0) metadata.add(Tag::flags, flags);
  return metadata.finish();
}

TEST_CASE("metadata: a session info's is as published") {
  const auto metadata = Metadata(SignatureType::hmac)
                            .add(Tag::personalization, crypto::as_bytes(known("/vin")))
                            .add(Tag::challenge, hex(known("/session_info/request_uuid")))
                            .finish();
  CHECK(crypto::to_hex(metadata) == known("/session_info/metadata"));
}

TEST_CASE("metadata: a command's is as published, for each domain and signature type") {
  CHECK(crypto::to_hex(command_metadata(SignatureType::hmac_personalized, 3, "/hmac_command_infotainment", 2)) ==
        known("/hmac_command_infotainment/metadata"));
  CHECK(crypto::to_hex(command_metadata(SignatureType::hmac_personalized, 2, "/hmac_command_vcsec", 2)) ==
        known("/hmac_command_vcsec/metadata"));
  CHECK(crypto::to_hex(command_metadata(kAesGcmPersonalized, 3, "/aes_gcm_command")) ==
        known("/aes_gcm_command/metadata"));
}

TEST_CASE("metadata: an encrypted reply's is as published") {
  const auto metadata = Metadata(SignatureType::aes_gcm_response)
                            .add(Tag::domain, std::uint8_t{3})
                            .add(Tag::personalization, crypto::as_bytes(known("/vin")))
                            .add(Tag::counter, known_number("/aes_gcm_response_infotainment/counter"))
                            .add(Tag::flags, std::uint32_t{0})
                            .add(Tag::request_hash, hex(known("/aes_gcm_response_infotainment/request_hash")))
                            .add(Tag::fault, std::uint32_t{0})
                            .finish();
  CHECK(crypto::to_hex(metadata) == known("/aes_gcm_response_infotainment/metadata"));
}

TEST_CASE("metadata: numbers are four bytes, most significant first") {
  CHECK(Metadata(SignatureType::hmac).add(Tag::counter, std::uint32_t{0x01020304}).finish() ==
        crypto::Bytes{0, 1, 6, 5, 4, 1, 2, 3, 4, 0xFF});
  CHECK(Metadata(SignatureType::hmac).add(Tag::counter, std::uint32_t{0xFFFFFFFF}).finish() ==
        crypto::Bytes{0, 1, 6, 5, 4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF});
}

TEST_CASE("metadata: where one value ends and the next begins cannot be moved") {
  const auto split = [](const crypto::Bytes& first, const crypto::Bytes& second) {
    return Metadata(SignatureType::hmac).add(Tag::personalization, first).add(Tag::challenge, second).finish();
  };
  CHECK(split({1, 2}, {3}) != split({1}, {2, 3}));
  CHECK(split({}, {1}) != split({1}, {}));
  CHECK(split({6, 0}, {}) != split({}, {6, 0}));
}

TEST_CASE("metadata: a value of 255 bytes fits, a longer one is an error") {
  const crypto::Bytes longest(255, 7);
  const auto metadata = Metadata(SignatureType::hmac).add(Tag::personalization, longest).finish();
  CHECK(metadata.size() == 3 + 2 + 255 + 1);
  CHECK(metadata[4] == 255);
  CHECK_THROWS_AS(Metadata(SignatureType::hmac).add(Tag::personalization, crypto::Bytes(256, 7)), std::length_error);
}

}  // namespace
}  // namespace fleetsign::protocol
