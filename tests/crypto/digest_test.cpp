// SPDX-License-Identifier: Apache-2.0
#include "crypto/digest.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/crypto/known_answers.h"

namespace fleetsign::crypto {
namespace {

using test::hex;
using test::known;

std::string sha256_hex(std::string_view text) {
  return to_hex(sha256({as_bytes(text)}));
}

struct HmacVector {
  std::string key;
  std::string data;
  std::string tag;
};

// RFC 4231 sections 4.2 to 4.8, HMAC-SHA-256; section 4.6 prints only 16 bytes of its tag.
const std::vector<HmacVector>& rfc4231() {
  static const std::vector<HmacVector> vectors{
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {as_text(hex("0102030405060708090a0b0c0d0e0f10111213141516171819")), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(20, '\x0c'), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
       "hashed "
       "before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  return vectors;
}

TEST_CASE("sha1: the examples of FIPS 180 and the empty string") {
  CHECK(to_hex(sha1({})) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(to_hex(sha1(as_bytes("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(to_hex(sha1(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST_CASE("sha256: the examples of FIPS 180 and the empty string") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_hex(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: parts count as one string") {
  CHECK(to_hex(sha256({})) == sha256_hex(""));
  CHECK(to_hex(sha256({as_bytes("a"), {}, as_bytes("bc")})) == sha256_hex("abc"));
}

TEST_CASE("hmac: the examples of RFC 4231") {
  for (const HmacVector& vector : rfc4231()) {
    CAPTURE(vector.data);
    const Sha256Digest tag = hmac_sha256(as_bytes(vector.key), {as_bytes(vector.data)});
    CHECK(to_hex(tag).substr(0, vector.tag.size()) == vector.tag);
  }
}

TEST_CASE("hmac: an empty key is a key, and parts count as one string") {
  // Python: hmac.new(b"", b"", "sha256").hexdigest()
  CHECK(to_hex(hmac_sha256({}, {})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  CHECK(hmac_sha256(as_bytes("key"), {as_bytes("ab"), {}, as_bytes("c")}) ==
        hmac_sha256(as_bytes("key"), {as_bytes("abc")}));
}

TEST_CASE("hmac: no key outlives its message") {
  const HmacVector& vector = rfc4231().front();
  hmac_sha256(as_bytes("another"), {as_bytes("message")});
  CHECK(to_hex(hmac_sha256({}, {})) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  CHECK(to_hex(hmac_sha256(as_bytes(vector.key), {as_bytes(vector.data)})) == vector.tag);
}

TEST_CASE("hmac: the sub-keys and tags of the vehicle protocol") {
  const Bytes session_key = hex(known("/session_key/value"));
  const Sha256Digest info_key = hmac_sha256(session_key, {as_bytes(known("/session_info/subkey_label"))});
  CHECK(to_hex(info_key) == known("/session_info/subkey"));
  CHECK(to_hex(hmac_sha256(info_key, {hex(known("/session_info/metadata")), hex(known("/session_info/encoded"))})) ==
        known("/session_info/hmac_tag"));

  const std::string command = "/hmac_command_infotainment";
  const Sha256Digest command_key = hmac_sha256(session_key, {as_bytes(known(command + "/subkey_label"))});
  CHECK(to_hex(command_key) == known(command + "/subkey"));
  for (const std::string& group : {command, std::string("/hmac_command_vcsec")}) {
    CAPTURE(group);
    CHECK(to_hex(hmac_sha256(command_key, {hex(known(group + "/metadata")), hex(known(group + "/payload"))})) ==
          known(group + "/tag"));
  }
}

TEST_CASE("digests: threads do not disturb each other") {
  constexpr int kThreads = 4;
  std::vector<int> wrong(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(wrong.size());
  for (int& count : wrong) {
    threads.emplace_back([&count] {
      for (int i = 0; i < 200; ++i) {
        for (const HmacVector& vector : rfc4231()) {
          const std::string tag = to_hex(hmac_sha256(as_bytes(vector.key), {as_bytes(vector.data)}));
          count += tag.starts_with(vector.tag) ? 0 : 1;
        }
        count += sha256_hex("abc").starts_with("ba7816bf") ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::count(wrong.begin(), wrong.end(), 0) == kThreads);
}

}  // namespace
}  // namespace fleetsign::crypto
