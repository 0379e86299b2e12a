// SPDX-License-Identifier: Apache-2.0
#include "crypto/pem.h"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/crypto/known_answers.h"

namespace fleetsign::crypto {
namespace {

using test::key_text;
using test::known;
using Reason = KeyError::Reason;

constexpr std::string_view kPassphrase = "correct-horse";
constexpr std::string_view kName = "/etc/fleetsign/key.pem";

void check_is_test_key(std::string_view pem, const std::optional<std::string_view>& passphrase = std::nullopt) {
  const auto scalar = read_private_pem(pem, kName, passphrase);
  REQUIRE_MESSAGE(scalar, scalar.error().message);
  CHECK(to_hex(scalar->expose()) == known("/client_private_scalar"));
  CHECK(ERR_peek_error() == 0);
}

/// Every line of a file but those that say what it is.
void check_tells_nothing(const KeyError& error, std::string_view pem) {
  const std::string said = error.message + error.hint;
  std::size_t start = 0;
  while (start < pem.size()) {
    const std::size_t end = std::min(pem.find('\n', start), pem.size());
    const std::string_view line = pem.substr(start, end - start);
    if (!line.empty() && !line.starts_with("-----")) CHECK(said.find(line) == std::string::npos);
    start = end + 1;
  }
  CHECK(said.find(kPassphrase) == std::string::npos);
}

KeyError refused(std::string_view pem, const std::optional<std::string_view>& passphrase = std::nullopt) {
  const auto scalar = read_private_pem(pem, kName, passphrase);
  REQUIRE_FALSE(scalar);
  CHECK(ERR_peek_error() == 0);
  CHECK(scalar.error().message.starts_with(std::string(kName) + ": "));
  CHECK_FALSE(scalar.error().hint.empty());
  check_tells_nothing(scalar.error(), pem);
  return scalar.error();
}

KeyError public_refused(std::string_view pem) {
  const auto point = parse_public_pem(pem, kName);
  REQUIRE_FALSE(point);
  CHECK(ERR_peek_error() == 0);
  CHECK(point.error().message.starts_with(std::string(kName) + ": "));
  CHECK_FALSE(point.error().hint.empty());
  check_tells_nothing(point.error(), pem);
  return point.error();
}

bool says(const KeyError& error, std::string_view part) {
  return error.message.find(part) != std::string::npos;
}

std::string block(const std::string& label, const std::string& body) {
  return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
}

TEST_CASE("private pem: SEC1 and PKCS#8 in the forms that tools write") {
  for (const char* name : {"sec1.pem", "sec1_with_parameters.pem", "sec1_without_point.pem", "sec1_compressed.pem",
                           "sec1_explicit.pem", "pkcs8.pem"}) {
    CAPTURE(name);
    check_is_test_key(key_text(name));
  }
}

TEST_CASE("private pem: encrypted keys open with their passphrase") {
  for (const char* name : {"sec1_encrypted.pem", "pkcs8_encrypted.pem", "pkcs8_scrypt.pem"}) {
    CAPTURE(name);
    check_is_test_key(key_text(name), kPassphrase);
  }
}

TEST_CASE("private pem: a passphrase does no harm to a key without one") {
  check_is_test_key(key_text("sec1.pem"), kPassphrase);
}

TEST_CASE("private pem: CR LF, text around it and a certificate before it do not matter") {
  std::string dos;
  for (const char c : key_text("sec1.pem")) dos += c == '\n' ? std::string("\r\n") : std::string(1, c);
  check_is_test_key(dos);
  check_is_test_key("\xef\xbb\xbf" + key_text("sec1.pem"));
  check_is_test_key("the key of the fleet\n\n" + key_text("pkcs8.pem") + "\nends here");
  check_is_test_key(key_text("certificate.pem") + key_text("sec1.pem"));
  check_is_test_key(key_text("public.pem") + key_text("sec1.pem"));
}

TEST_CASE("private pem: an encrypted key without a passphrase names the setting") {
  for (const char* name : {"sec1_encrypted.pem", "pkcs8_encrypted.pem"}) {
    CAPTURE(name);
    const KeyError error = refused(key_text(name));
    CHECK(error.reason == Reason::passphrase_needed);
    CHECK(error.hint.find("set key_passphrase_file") != std::string::npos);
  }
}

TEST_CASE("private pem: a wrong passphrase is told from a damaged key") {
  for (const char* name : {"sec1_encrypted.pem", "pkcs8_encrypted.pem", "pkcs8_scrypt.pem"}) {
    CAPTURE(name);
    for (const std::string& wrong : {std::string("correct-horsf"), std::string(), std::string(5000, 'x')}) {
      CHECK(refused(key_text(name), wrong).reason == Reason::passphrase_wrong);
    }
  }
}

TEST_CASE("private pem: wrong passphrases are told reliably, though padding fits by chance once in 256") {
  const std::string pem = key_text("sec1_encrypted.pem");
  for (int i = 0; i < 2000; ++i) {
    const auto scalar = read_private_pem(pem, kName, std::to_string(i));
    REQUIRE_FALSE(scalar);
    REQUIRE(scalar.error().reason == Reason::passphrase_wrong);
  }
}

TEST_CASE("private pem: the public half and certificates are told apart") {
  CHECK(refused(key_text("public.pem")).reason == Reason::public_key);
  CHECK(says(refused(key_text("public.pem")), "public key"));
  CHECK(refused(key_text("public_rsa.pem")).reason == Reason::public_key);
  CHECK(refused(key_text("certificate.pem")).reason == Reason::certificate);
  CHECK(refused(key_text("certificate_request.pem")).reason == Reason::certificate);
}

TEST_CASE("private pem: another kind of key is named, with the command that makes a right one") {
  struct Row {
    const char* file;
    const char* type;
  };
  for (const Row& row : {Row{"rsa.pem", "RSA"}, Row{"rsa_pkcs8.pem", "RSA"}, Row{"ed25519.pem", "ED25519"}}) {
    CAPTURE(row.file);
    const KeyError error = refused(key_text(row.file));
    CHECK(error.reason == Reason::wrong_type);
    CHECK(says(error, row.type));
    CHECK(error.hint.find("fleetsign keygen --out FILE") != std::string::npos);
  }
  CHECK(refused(block("OPENSSH PRIVATE KEY", "b3BlbnNzaA==")).reason == Reason::wrong_type);
}

TEST_CASE("private pem: a key on P-384 or secp256k1 is refused, naming the curve") {
  const KeyError p384 = refused(key_text("p384.pem"));
  CHECK(p384.reason == Reason::wrong_curve);
  CHECK(says(p384, "P-384"));
  const KeyError secp256k1 = refused(key_text("secp256k1.pem"));
  CHECK(secp256k1.reason == Reason::wrong_curve);
  CHECK(says(secp256k1, "secp256k1"));
}

TEST_CASE("private pem: what is not PEM is told from what is damaged") {
  for (const char* text :
       {"", "\n", "not a key", "-----BEGIN", "-----BEGIN EC PRIVATE KEY", "----- BEGIN EC PRIVATE KEY-----"}) {
    CAPTURE(text);
    CHECK(refused(text).reason == Reason::not_pem);
  }
  CHECK(refused(key_text("sec1_with_parameters.pem").substr(0, 80)).reason == Reason::not_pem);
  CHECK(refused(block("DH PARAMETERS", "MAYCAQECAQI=")).reason == Reason::not_pem);
}

TEST_CASE("private pem: a damaged key is refused") {
  const std::string sec1 = key_text("sec1.pem");
  for (const std::string& text :
       {key_text("sec1_truncated.pem"), key_text("sec1_foreign_point.pem"), block("EC PRIVATE KEY", ""),
        block("EC PRIVATE KEY", "AAAA"), block("PRIVATE KEY", "!!!!"), block("ENCRYPTED PRIVATE KEY", "AAAA"),
        std::string("-----BEGIN EC PRIVATE KEY-----"), sec1.substr(0, sec1.size() - 2)}) {
    CAPTURE(text.size());
    CHECK(refused(text).reason == Reason::damaged);
    CHECK(refused(text, kPassphrase).reason == Reason::damaged);
  }
}

TEST_CASE("private pem: cut off anywhere, no key comes out and nothing is thrown") {
  for (const char* name : {"sec1.pem", "sec1_encrypted.pem", "pkcs8_encrypted.pem"}) {
    const std::string pem = key_text(name);
    const std::size_t whole = pem.rfind("-----");
    for (std::size_t size = 0; size < whole + 5; ++size) {
      const auto scalar = read_private_pem(std::string_view(pem).substr(0, size), kName, kPassphrase);
      REQUIRE_FALSE(scalar);
    }
    check_is_test_key(pem, kPassphrase);
  }
}

TEST_CASE("private pem: a key in another's label, or encrypted where the label says plain, never asks on a terminal") {
  // OpenSSL's own reader would try every format, and ask for a passphrase when it finds an encrypted one.
  std::string pem = key_text("pkcs8_encrypted.pem");
  for (const char* label : {"EC PRIVATE KEY", "PRIVATE KEY"}) {
    std::string relabelled = pem;
    for (std::size_t at = 0; (at = relabelled.find("ENCRYPTED PRIVATE KEY", at)) != std::string::npos;) {
      relabelled.replace(at, std::string_view("ENCRYPTED PRIVATE KEY").size(), label);
    }
    CAPTURE(label);
    CHECK(refused(relabelled).reason == Reason::damaged);
  }
}

TEST_CASE("public pem: a point comes out of SubjectPublicKeyInfo, compressed or not") {
  for (const char* name : {"public.pem", "public_compressed.pem"}) {
    CAPTURE(name);
    const auto point = parse_public_pem(key_text(name), kName);
    REQUIRE(point);
    CHECK(to_hex(*point) == known("/client_public"));
  }
}

TEST_CASE("public pem: a private key is refused, saying that it is one") {
  for (const char* name : {"sec1.pem", "sec1_with_parameters.pem", "pkcs8.pem", "pkcs8_encrypted.pem", "rsa.pem"}) {
    CAPTURE(name);
    const KeyError error = public_refused(key_text(name));
    CHECK(error.reason == Reason::private_key);
    CHECK(says(error, "private key"));
  }
}

TEST_CASE("public pem: certificates, other curves, other kinds and damage are refused") {
  CHECK(public_refused(key_text("certificate.pem")).reason == Reason::certificate);
  CHECK(public_refused(key_text("public_p384.pem")).reason == Reason::wrong_curve);
  CHECK(says(public_refused(key_text("public_p384.pem")), "P-384"));
  CHECK(public_refused(key_text("public_rsa.pem")).reason == Reason::wrong_type);
  CHECK(public_refused(key_text("public_off_curve.pem")).reason == Reason::damaged);
  CHECK(public_refused(key_text("public.pem").substr(0, 100)).reason == Reason::damaged);
  CHECK(public_refused("nothing").reason == Reason::not_pem);
  CHECK(public_refused("").reason == Reason::not_pem);
}

}  // namespace
}  // namespace fleetsign::crypto
