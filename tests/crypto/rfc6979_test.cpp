// SPDX-License-Identifier: Apache-2.0
#include "crypto/rfc6979.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "tests/crypto/known_answers.h"

namespace fleetsign::crypto {
namespace {

using test::hex_array;
using test::hex_secret;
using test::known;

constexpr const char* kOrder = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

std::string nonce(std::string_view q, std::string_view scalar, const Sha256Digest& hash) {
  return to_hex(deterministic_nonce(hex_array<32>(q), hex_secret<32>(scalar), hash).expose());
}

TEST_CASE("rfc 6979: the nonces of appendix A.2.5 for P-256 and SHA-256") {
  const std::string scalar = known("/rfc6979_p256_sha256/private_scalar");
  CHECK(nonce(kOrder, scalar, sha256({as_bytes("sample")})) == known("/rfc6979_p256_sha256/nonce"));
  CHECK(nonce(kOrder, scalar, sha256({as_bytes("test")})) ==
        "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0");
}

TEST_CASE("rfc 6979: a candidate that is not below the order is passed over") {
  std::set<std::string> nonces;
  const auto vectors = test::vectors_of("telemetry.json");
  for (const auto& vector : vectors.at("nonces")) {
    const auto q = vector.at("q").get<std::string>();
    const auto hash = sha256({as_bytes(vector.at("message").get<std::string>())});
    const auto made = nonce(q, vector.at("scalar").get<std::string>(), hash);
    CHECK(made == vector.at("nonce").get<std::string>());
    CHECK(made < q);
    nonces.insert(made);
  }
  CHECK(nonces.size() == 16);
}

TEST_CASE("rfc 6979: a hash counts modulo the order, also where it is the order or one beside it") {
  const std::string q = kOrder;
  const std::string scalar = known("/client_private_scalar");
  const std::string start = q.substr(0, 62);
  const auto with = [&](const std::string& hash) { return nonce(q, scalar, hex_array<32>(hash)); };
  CHECK(with(q) == with(std::string(64, '0')));
  CHECK(with(start + "52") == with(std::string(63, '0') + "1"));
  CHECK(with(start + "50") != with(q));
}

}  // namespace
}  // namespace fleetsign::crypto
