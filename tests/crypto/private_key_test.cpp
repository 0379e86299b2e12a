// SPDX-License-Identifier: Apache-2.0
#include "crypto/private_key.h"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <algorithm>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "crypto/digest.h"
#include "tests/crypto/known_answers.h"
#include "tests/crypto/temporary_folder.h"

namespace fleetsign::crypto {
namespace {

using std::filesystem::path;
using test::hex_array;
using test::hex_secret;
using test::key_of;
using test::key_text;
using test::known;
using test::TemporaryFolder;
using Reason = KeyError::Reason;

static_assert(!std::is_copy_constructible_v<PrivateKey> && !std::is_copy_assignable_v<PrivateKey>);
static_assert(std::is_nothrow_move_constructible_v<PrivateKey>);

constexpr const char* kOrder = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

PrivateKey client() {
  return key_of(known("/client_private_scalar"));
}
PrivateKey vehicle() {
  return key_of(known("/vehicle_private_scalar"));
}

std::string agreed(const PrivateKey& key, std::string_view peer) {
  const auto x = key.agree(hex_array<65>(peer));
  REQUIRE(x);
  return to_hex(x->expose());
}

TEST_CASE("private key: known scalars have their public points") {
  CHECK(to_hex(client().public_point()) == known("/client_public"));
  CHECK(to_hex(vehicle().public_point()) == known("/vehicle_public"));
  CHECK(to_hex(key_of(known("/schnorr_p256_sha256/private_scalar")).public_point()) ==
        known("/schnorr_p256_sha256/public"));
}

TEST_CASE("private key: a scalar of 1 to n-1 is a key, 0, n and above are none") {
  const std::string one = std::string(63, '0') + "1";
  // SEC 2 section 2.4.2: the base point of P-256, and its mirror image.
  const std::string x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
  CHECK(to_hex(key_of(one).public_point()) ==
        "04" + x + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
  const std::string last = std::string(kOrder).substr(0, 62) + "50";
  CHECK(to_hex(key_of(last).public_point()) ==
        "04" + x + "b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a");
  for (const std::string& scalar : {std::string(64, '0'), std::string(kOrder), std::string(64, 'f')}) {
    CAPTURE(scalar);
    CHECK(PrivateKey::from_scalar(hex_secret<32>(scalar)).error().reason == Reason::damaged);
  }
}

TEST_CASE("agreement: both sides of the vehicle protocol come to its session key") {
  const std::string x = agreed(client(), known("/vehicle_public"));
  CHECK(agreed(vehicle(), known("/client_public")) == x);
  CHECK(to_hex(ByteView(sha1(test::hex(x))).first(16)) == known("/session_key/value"));
}

TEST_CASE("agreement: the examples of NIST and of RFC 5903 section 8.1") {
  // NIST CAVS 14.1, ECC CDH primitive, P-256, count 0.
  CHECK(
      agreed(key_of("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534"),
             "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287db71e509e3fd9b060ddb20ba5c51dcc5948d46f"
             "bf640dfe0441782cab85fa4ac") == "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b");
  CHECK(
      agreed(key_of("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"),
             "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f04"
             "6ada30f8353e74f33039872ab") == "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
}

TEST_CASE("agreement: an x-coordinate with leading zeros keeps its 32 bytes") {
  // The point is 440 times the base point; computed with Python's cryptography.
  CHECK(
      agreed(client(),
             "0475a6084b2e07e9c416e8fa977e41946977f8a66bba256adb017aa9ed63f6a8f1f9a48ec6822e95df314985b3c22f12ead58c289"
             "9c8ff4be3d004883838053f51") == "00dfbfe11d3bfc75b6b1564f706c49a162a370a5ef7caba86e5addcd19d7228c");
}

TEST_CASE("agreement: a point that is not on the curve, at infinity, or in another form is refused") {
  const PublicPoint good = hex_array<65>(known("/vehicle_public"));
  std::vector<PublicPoint> bad{PublicPoint{}, PublicPoint{0x04}};
  for (const std::size_t index : {1U, 32U, 33U, 64U}) {
    bad.push_back(good);
    bad.back()[index] ^= 1;
  }
  // 06 and 07 are the hybrid forms of X9.62, which OpenSSL would take.
  for (const int form : {0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0xff}) {
    bad.push_back(good);
    bad.back()[0] = static_cast<std::uint8_t>(form);
  }
  // Coordinates that are not below the field's prime, though congruent to such as are on the curve or not.
  bad.push_back(hex_array<65>("04" + std::string(128, 'f')));
  const PrivateKey key = client();
  for (const PublicPoint& point : bad) {
    CAPTURE(to_hex(point));
    const auto x = key.agree(point);
    REQUIRE_FALSE(x);
    CHECK(x.error().reason == Reason::off_curve);
    CHECK_FALSE(x.error().message.empty());
    CHECK(ERR_peek_error() == 0);
  }
}

TEST_CASE("agreement: many threads may use one key") {
  const PrivateKey key = client();
  const PublicPoint peer = vehicle().public_point();
  const std::string expected = agreed(key, known("/vehicle_public"));
  constexpr int kThreads = 4;
  std::vector<int> right(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(right.size());
  for (int& count : right) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        count += to_hex(key.agree(peer).value().expose()) == expected && key.public_point()[0] == 0x04 ? 1 : 0;
      }
      count += key.public_pem() == key_text("public.pem") ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::count(right.begin(), right.end(), 51) == kThreads);
}

TEST_CASE("private key: generated ones differ and agree with each other") {
  const PrivateKey a = PrivateKey::generate();
  const PrivateKey b = PrivateKey::generate();
  CHECK(a.public_point() != b.public_point());
  CHECK(to_hex(a.agree(b.public_point())->expose()) == to_hex(b.agree(a.public_point())->expose()));
}

TEST_CASE("private key: the public half is the PEM that openssl writes") {
  CHECK(client().public_pem() == key_text("public.pem"));
  CHECK(ERR_peek_error() == 0);
  for (const char* name : {"sec1_compressed.pem", "sec1_explicit.pem", "sec1_without_point.pem"}) {
    CAPTURE(name);
    CHECK(PrivateKey::parse(key_text(name), name)->public_pem() == key_text("public.pem"));
  }
}

TEST_CASE("private key: the public half as DER is what its PEM holds") {
  std::string text = key_text("public.pem");
  text = text.substr(text.find('\n') + 1);
  text.resize(text.find('-'));
  std::erase(text, '\n');
  CHECK(to_base64(client().public_der()) == text);
}

TEST_CASE("private key: a moved key works at its new place") {
  PrivateKey first = client();
  PrivateKey second = std::move(first);
  first = vehicle();
  CHECK(to_hex(first.public_point()) == known("/vehicle_public"));
  CHECK(to_hex(second.public_point()) == known("/client_public"));
}

TEST_CASE("private key: is written as the SEC1 PEM that openssl writes, and loaded again") {
  const TemporaryFolder folder;
  const path file = folder.path() / "key.pem";
  CHECK_FALSE(client().write_new(file));
  CHECK(test::read_text(file) == key_text("sec1.pem"));
  CHECK(std::filesystem::status(file).permissions() == std::filesystem::perms(0600));
  const auto loaded = PrivateKey::load(file);
  REQUIRE(loaded);
  CHECK(loaded->public_point() == client().public_point());

  CHECK(PrivateKey::generate().write_new(file)->reason == Reason::exists);
  CHECK(test::read_text(file) == key_text("sec1.pem"));
}

TEST_CASE("private key: files of every good form load, encrypted ones with a passphrase file") {
  const TemporaryFolder folder;
  const KeyFileRules rules{.passphrase_file = folder.write("passphrase", "correct-horse\n")};
  for (const char* name :
       {"sec1.pem", "sec1_with_parameters.pem", "pkcs8.pem", "sec1_encrypted.pem", "pkcs8_encrypted.pem"}) {
    CAPTURE(name);
    const auto key = PrivateKey::load(folder.write("key.pem", key_text(name)), rules);
    REQUIRE(key);
    CHECK(key->public_point() == client().public_point());
  }
}

TEST_CASE("private key: of a passphrase file one trailing newline is stripped, and no more") {
  const TemporaryFolder folder;
  const path file = folder.write("key.pem", key_text("pkcs8_encrypted.pem"));
  const auto load = [&](std::string_view passphrase) {
    return PrivateKey::load(file, {.passphrase_file = folder.write("passphrase", passphrase)});
  };
  CHECK(load("correct-horse"));
  CHECK(load("correct-horse\n"));
  CHECK(load("correct-horse\n\n").error().reason == Reason::passphrase_wrong);
  CHECK(load(" correct-horse").error().reason == Reason::passphrase_wrong);
  CHECK(load("\n").error().reason == Reason::empty);
  CHECK(load("").error().reason == Reason::empty);
}

TEST_CASE("private key: a passphrase file is protected as a key is, and the message names it") {
  const TemporaryFolder folder;
  const path file = folder.write("key.pem", key_text("pkcs8_encrypted.pem"));
  const path passphrase = folder.write("passphrase", "correct-horse\n", 0640);
  const auto exposed = PrivateKey::load(file, {.passphrase_file = passphrase});
  REQUIRE_FALSE(exposed);
  CHECK(exposed.error().reason == Reason::exposed);
  CHECK(exposed.error().hint == "chmod 600 " + passphrase.native());
  const auto missing = PrivateKey::load(file, {.passphrase_file = folder.path() / "none"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().reason == Reason::missing);
  CHECK(missing.error().message.starts_with((folder.path() / "none").native()));
  CHECK(missing.error().hint.starts_with("key_passphrase_file must"));
}

TEST_CASE("private key: what a user may put in its place has a message of its own for each reason") {
  const TemporaryFolder folder;
  std::vector<std::string> messages;
  const auto refuse = [&](const path& file, Reason reason) {
    const auto key = PrivateKey::load(file);
    REQUIRE_FALSE(key);
    CHECK(key.error().reason == reason);
    CHECK(key.error().message.starts_with(file.native() + ": "));
    messages.push_back(key.error().message.substr(file.native().size()));
  };
  const std::vector<std::pair<const char*, Reason>> rows{
      {"public.pem", Reason::public_key},
      {"certificate.pem", Reason::certificate},
      {"rsa.pem", Reason::wrong_type},
      {"p384.pem", Reason::wrong_curve},
      {"sec1_encrypted.pem", Reason::passphrase_needed},
      {"sec1_truncated.pem", Reason::damaged},
  };
  for (const auto& [name, reason] : rows) refuse(folder.write(name, key_text(name)), reason);
  refuse(folder.write("prose", "prose"), Reason::not_pem);
  refuse(folder.write("empty", ""), Reason::empty);
  refuse(folder.write("large", std::string(70000, 'x')), Reason::too_large);
  refuse(folder.write("exposed", key_text("sec1.pem"), 0644), Reason::exposed);
  refuse(folder.path() / "missing", Reason::missing);
  refuse(folder.path(), Reason::unreadable);

  std::sort(messages.begin(), messages.end());
  CHECK(std::adjacent_find(messages.begin(), messages.end()) == messages.end());
}

TEST_CASE("public key: is loaded from a file that everybody may read") {
  const TemporaryFolder folder;
  const auto point = load_public_pem(folder.write("public.pem", key_text("public.pem"), 0644));
  REQUIRE(point);
  CHECK(*point == client().public_point());
  CHECK(load_public_pem(folder.path() / "missing").error().reason == Reason::missing);
  CHECK(load_public_pem(folder.write("key.pem", key_text("sec1.pem"))).error().reason == Reason::private_key);
}

}  // namespace
}  // namespace fleetsign::crypto
