// SPDX-License-Identifier: Apache-2.0
#include "simulator/telemetry_token.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "crypto/schnorr.h"
#include "tests/crypto/known_answers.h"

namespace fleetsign::simulator {
namespace {

std::string part(const Json& object) {
  return crypto::to_base64url(crypto::as_bytes(object.dump()));
}

const Json kHeader{{"alg", "Tesla.SS256"}, {"typ", "JWT"}};

Json claims_of(const crypto::PrivateKey& key) {
  return {{"port", 443}, {"iss", crypto::to_base64(key.public_point())}, {"aud", "com.tesla.fleet.TelemetryClient"}};
}

/// Signed by the signer of the vehicle protocol's other half.
std::string signed_by(const crypto::PrivateKey& key, const Json& header, const Json& claims) {
  const auto text = part(header) + '.' + part(claims);
  return text + '.' + crypto::to_base64url(crypto::sign_schnorr(key, crypto::as_bytes(text)));
}

std::string known_token() {
  return crypto::test::vectors_of("telemetry.json").at("token").at("token").get<std::string>();
}

TEST_CASE("telemetry token: one that another implementation made is understood and verifies") {
  const auto token = read_telemetry_token(known_token());
  REQUIRE(token);
  CHECK(token->claims.at("hostname") == "telemetry.example.com");
  CHECK(crypto::to_hex(token->issuer) == crypto::test::known("/client_public"));
  CHECK(is_signed_by_issuer(*token));
}

TEST_CASE("telemetry token: the published signature verifies") {
  const auto group = [](const char* name) { return crypto::test::known("/schnorr_p256_sha256/" + std::string(name)); };
  TelemetryToken token{.claims = {},
                       .issuer = crypto::test::hex_array<65>(group("public")),
                       .signed_part = group("message_ascii"),
                       .signature = crypto::test::hex(group("signature"))};
  CHECK(is_signed_by_issuer(token));
  token.signed_part += '.';
  CHECK_FALSE(is_signed_by_issuer(token));
}

TEST_CASE("telemetry token: each bit of the signature counts") {
  auto token = read_telemetry_token(known_token()).value();
  REQUIRE(token.signature.size() == 96);
  int accepted = 0;
  for (std::size_t bit = 0; bit < 768; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    token.signature[bit / 8] ^= mask;
    accepted += is_signed_by_issuer(token) ? 1 : 0;
    token.signature[bit / 8] ^= mask;
  }
  CHECK(accepted == 0);
  CHECK(is_signed_by_issuer(token));
}

TEST_CASE("telemetry token: each character of what is signed counts") {
  auto token = read_telemetry_token(known_token()).value();
  int accepted = 0;
  for (char& c : token.signed_part) {
    c = static_cast<char>(c ^ 1);
    accepted += is_signed_by_issuer(token) ? 1 : 0;
    c = static_cast<char>(c ^ 1);
  }
  CHECK(accepted == 0);
}

TEST_CASE("telemetry token: signatures of other lengths, beyond the order, off the curve or at infinity are none") {
  auto token = read_telemetry_token(known_token()).value();
  const crypto::Bytes good = token.signature;
  std::vector<crypto::Bytes> bad{{}, crypto::Bytes(96), crypto::Bytes(96, 0xff), crypto::Bytes(95)};
  bad.push_back(good);
  bad.back().push_back(0);
  // r + n is as good as r to an adder that reduces; of this r it has 257 bits, so the largest stands for them all.
  bad.push_back(good);
  std::fill(bad.back().begin() + 64, bad.back().end(), std::uint8_t{0xff});
  // A point beside the curve.
  bad.push_back(good);
  bad.back()[63] ^= 1;
  for (const auto& signature : bad) {
    CAPTURE(crypto::to_hex(signature));
    token.signature = signature;
    CHECK_FALSE(is_signed_by_issuer(token));
  }
}

TEST_CASE("telemetry token: another issuer's signature, or an issuer that is no point, does not verify") {
  const auto key = crypto::PrivateKey::generate();
  const auto other = crypto::PrivateKey::generate();
  CHECK(is_signed_by_issuer(read_telemetry_token(signed_by(key, kHeader, claims_of(key))).value()));
  CHECK_FALSE(is_signed_by_issuer(read_telemetry_token(signed_by(other, kHeader, claims_of(key))).value()));
  auto claims = claims_of(key);
  claims["iss"] = crypto::to_base64(crypto::PublicPoint{});
  CHECK_FALSE(is_signed_by_issuer(read_telemetry_token(signed_by(key, kHeader, claims)).value()));
}

TEST_CASE("telemetry token: what has another form, algorithm, audience or issuer is none") {
  const auto key = crypto::PrivateKey::generate();
  const auto good = claims_of(key);
  for (const char* const text : {"", ".", "..", "a.b", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "{}.{}.AA"}) {
    CAPTURE(text);
    CHECK_FALSE(read_telemetry_token(text));
  }
  CHECK_FALSE(read_telemetry_token(signed_by(key, {{"alg", "ES256"}, {"typ", "JWT"}}, good)));
  CHECK_FALSE(read_telemetry_token(signed_by(key, {{"alg", "Tesla.SS256"}}, good)));
  CHECK_FALSE(read_telemetry_token(signed_by(key, {{"alg", 1}, {"typ", "JWT"}}, good)));
  CHECK_FALSE(read_telemetry_token(signed_by(key, kHeader, Json::array())));
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, Json>>{{"aud", "com.tesla.vehicle.5YJS0000000000001.app"},
                                                 {"aud", nullptr},
                                                 {"iss", "AAAA"},
                                                 {"iss", 7},
                                                 {"iss", "-"}}) {
    auto claims = good;
    claims[name] = value;
    CHECK_FALSE(read_telemetry_token(signed_by(key, kHeader, claims)));
  }
}

}  // namespace
}  // namespace fleetsign::simulator
