// SPDX-License-Identifier: Apache-2.0
#include "crypto/schnorr.h"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/crypto/known_answers.h"

namespace fleetsign::crypto {
namespace {

using test::hex;
using test::key_of;
using test::known;

TEST_CASE("schnorr: the published signature of the published key") {
  const auto message = known("/schnorr_p256_sha256/message_ascii");
  const PrivateKey key = key_of(known("/schnorr_p256_sha256/private_scalar"));
  CHECK(to_hex(sign_schnorr(key, as_bytes(message))) == known("/schnorr_p256_sha256/signature"));
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("schnorr: the signatures of the scalars 1, n-1 and one between, of messages of any length") {
  const auto vectors = test::vectors_of("telemetry.json").at("signatures");
  CHECK(vectors.size() == 13);
  for (const auto& vector : vectors) {
    const auto scalar = vector.at("scalar").get<std::string>();
    const Bytes message = hex(vector.at("message").get<std::string>());
    CAPTURE(scalar);
    CAPTURE(message.size());
    CHECK(to_hex(sign_schnorr(key_of(scalar), message)) == vector.at("signature").get<std::string>());
  }
}

TEST_CASE("schnorr: what is signed twice has one signature, and any other message or key another one") {
  const PrivateKey key = PrivateKey::generate();
  const SchnorrSignature signature = sign_schnorr(key, as_bytes("message"));
  CHECK(sign_schnorr(key, as_bytes("message")) == signature);
  CHECK(sign_schnorr(key, as_bytes("messagf")) != signature);
  CHECK(sign_schnorr(PrivateKey::generate(), as_bytes("message")) != signature);
}

TEST_CASE("schnorr: many threads may sign with one key") {
  const PrivateKey key = key_of(known("/client_private_scalar"));
  const SchnorrSignature expected = sign_schnorr(key, as_bytes("message"));
  constexpr int kThreads = 4;
  std::vector<int> right(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(right.size());
  for (int& count : right) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) count += sign_schnorr(key, as_bytes("message")) == expected ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::count(right.begin(), right.end(), 50) == kThreads);
}

}  // namespace
}  // namespace fleetsign::crypto
