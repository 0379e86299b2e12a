// SPDX-License-Identifier: Apache-2.0
#include "crypto/aes_gcm.h"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <string>
#include <vector>

#include "crypto/digest.h"
#include "tests/crypto/known_answers.h"

namespace fleetsign::crypto {
namespace {

using test::hex;
using test::hex_array;
using test::hex_secret;
using test::known;

struct Vector {
  std::string key;
  std::string nonce;
  std::string plaintext;
  std::string associated_data;
  std::string ciphertext;
  std::string tag;
};

Vector protocol_vector(const std::string& group, const std::string& plaintext) {
  return {.key = known("/session_key/value"),
          .nonce = known(group + "/nonce"),
          .plaintext = known(group + "/" + plaintext),
          .associated_data = to_hex(sha256({hex(known(group + "/metadata"))})),
          .ciphertext = known(group + "/ciphertext"),
          .tag = known(group + "/tag")};
}

std::vector<Vector> vectors() {
  const std::string zeros(32, '0');
  const std::string zero_nonce(24, '0');
  return {
      // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 1, 2 and 4.
      {zeros, zero_nonce, "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
      {zeros, zero_nonce, zeros, "", "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"},
      {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
       "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de65"
       "7ba6"
       "37b39",
       "feedfacedeadbeeffeedfacedeadbeefabaddad2",
       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac9"
       "73d5"
       "8e091",
       "5bc94fbc3221a5db94fae95ae7121a47"},
      protocol_vector("/aes_gcm_command", "plaintext_action"),
      protocol_vector("/aes_gcm_response_infotainment", "plaintext"),
  };
}

/// A message as it arrives, to be damaged.
struct Message {
  explicit Message(const Vector& vector)
      : key(hex_secret<16>(vector.key)),
        nonce(hex_array<12>(vector.nonce)),
        ciphertext(hex(vector.ciphertext)),
        tag(hex_array<16>(vector.tag)),
        associated_data(hex(vector.associated_data)) {}

  [[nodiscard]] std::optional<Bytes> open() const { return open_aes_gcm(key, nonce, ciphertext, tag, associated_data); }

  AesKey key;
  GcmNonce nonce;
  Bytes ciphertext;
  GcmTag tag;
  Bytes associated_data;
};

int opened_with_a_flipped_bit(const Message& message, std::span<std::uint8_t> field) {
  int opened = 0;
  for (std::uint8_t& byte : field) {
    for (int bit = 0; bit < 8; ++bit) {
      byte = static_cast<std::uint8_t>(byte ^ 1U << bit);
      opened += message.open() ? 1 : 0;
      byte = static_cast<std::uint8_t>(byte ^ 1U << bit);
    }
  }
  return opened;
}

TEST_CASE("aes-gcm: known answers are sealed to the published bytes and opened again") {
  for (const Vector& vector : vectors()) {
    CAPTURE(vector.tag);
    const Message message(vector);
    const Sealed sealed = seal_aes_gcm(message.key, message.nonce, hex(vector.plaintext), message.associated_data);
    CHECK(to_hex(sealed.ciphertext) == vector.ciphertext);
    CHECK(to_hex(sealed.tag) == vector.tag);
    const auto plaintext = message.open();
    REQUIRE(plaintext);
    CHECK(to_hex(*plaintext) == vector.plaintext);
  }
}

TEST_CASE("aes-gcm: so are those for keys of 256 bits, and a flipped bit is refused") {
  const std::string zero_key(64, '0');
  const Vector long_one = vectors()[2];
  // Of the same appendix, test cases 13, 14 and 16.
  const std::vector<Vector> all = {
      {zero_key, std::string(24, '0'), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {zero_key, std::string(24, '0'), std::string(32, '0'), "", "cea7403d4d606b6e074ec5d3baf39d18",
       "d0d1c8a799996bf0265b98b5d48ab919"},
      {long_one.key + long_one.key, long_one.nonce, long_one.plaintext, long_one.associated_data,
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0"
       "a"
       "bcc9f662",
       "76fc6ece0f4e1768cddf8853bb2d551b"}};
  for (const Vector& vector : all) {
    CAPTURE(vector.tag);
    const AesKey256 key = hex_secret<32>(vector.key);
    const auto nonce = hex_array<12>(vector.nonce);
    const auto associated_data = hex(vector.associated_data);
    const Sealed sealed = seal_aes_gcm(key, nonce, hex(vector.plaintext), associated_data);
    CHECK(to_hex(sealed.ciphertext) == vector.ciphertext);
    CHECK(to_hex(sealed.tag) == vector.tag);
    CHECK(open_aes_gcm(key, nonce, sealed.ciphertext, sealed.tag, associated_data) == hex(vector.plaintext));
    GcmTag other = sealed.tag;
    other[15] ^= 1;
    CHECK_FALSE(open_aes_gcm(key, nonce, sealed.ciphertext, other, associated_data));
  }
}

TEST_CASE("aes-gcm: any flipped bit of nonce, ciphertext, tag or associated data is refused") {
  for (const Vector& vector : vectors()) {
    CAPTURE(vector.tag);
    Message message(vector);
    CHECK(opened_with_a_flipped_bit(message, message.nonce) == 0);
    CHECK(opened_with_a_flipped_bit(message, message.ciphertext) == 0);
    CHECK(opened_with_a_flipped_bit(message, message.tag) == 0);
    CHECK(opened_with_a_flipped_bit(message, message.associated_data) == 0);
    CHECK(message.open());
  }
}

TEST_CASE("aes-gcm: another key, and missing or added bytes, are refused") {
  const Vector vector = vectors()[2];
  Message message(vector);
  message.key = hex_secret<16>("feffe9928665731c6d6a8f9467308309");
  CHECK_FALSE(message.open());
  message.key = hex_secret<16>(vector.key);

  message.ciphertext.pop_back();
  CHECK_FALSE(message.open());
  message.ciphertext = hex(vector.ciphertext + "00");
  CHECK_FALSE(message.open());
  message.ciphertext = hex(vector.ciphertext);

  message.associated_data.pop_back();
  CHECK_FALSE(message.open());
  message.associated_data.clear();
  CHECK_FALSE(message.open());
}

TEST_CASE("aes-gcm: associated data alone is authenticated") {
  const AesKey key = hex_secret<16>("feffe9928665731c6d6a8f9467308308");
  const Bytes associated_data = hex("feedface");
  const Sealed sealed = seal_aes_gcm(key, {}, {}, associated_data);
  CHECK(sealed.ciphertext.empty());
  CHECK(open_aes_gcm(key, {}, {}, sealed.tag, associated_data) == Bytes{});
  CHECK_FALSE(open_aes_gcm(key, {}, {}, sealed.tag, hex("feedfacf")));
}

TEST_CASE("aes-gcm: a refusal leaves no error in OpenSSL's queue") {
  Message message(vectors()[2]);
  message.tag[0] ^= 1;
  CHECK_FALSE(message.open());
  CHECK(ERR_peek_error() == 0);
}

}  // namespace
}  // namespace fleetsign::crypto
