// SPDX-License-Identifier: Apache-2.0
#include "crypto/bytes.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace fleetsign::crypto {
namespace {

struct Pair {
  std::string_view plain;
  std::string_view encoded;
};

// RFC 4648 section 10.
constexpr std::array kBase64Vectors{
    Pair{"", ""},
    Pair{"f", "Zg=="},
    Pair{"fo", "Zm8="},
    Pair{"foo", "Zm9v"},
    Pair{"foob", "Zm9vYg=="},
    Pair{"fooba", "Zm9vYmE="},
    Pair{"foobar", "Zm9vYmFy"},
};

std::string_view unpadded(std::string_view text) {
  return text.substr(0, text.find('='));
}

TEST_CASE("bytes: text and bytes are the same octets, NUL and high ones included") {
  const std::string text("a\0\xff", 3);
  const ByteView bytes = as_bytes(text);
  REQUIRE(bytes.size() == 3);
  CHECK(bytes[1] == 0x00);
  CHECK(bytes[2] == 0xff);
  CHECK(as_text(bytes) == text);
  CHECK(as_text({}).empty());
}

TEST_CASE("hex: is written in lower case and read in either") {
  const Bytes bytes{0x00, 0x09, 0xa0, 0xff};
  CHECK(to_hex(bytes) == "0009a0ff");
  CHECK(parse_hex("0009a0ff") == bytes);
  CHECK(parse_hex("0009A0fF") == bytes);
  CHECK(parse_hex("") == Bytes{});
}

TEST_CASE("hex: an odd length and any other character are refused") {
  for (const char* text : {"0", "000", "0g", "g0", "0x", " 0", "0\n", "-1", "\xc3\xa9"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_hex(text));
  }
  CHECK_FALSE(parse_hex(std::string_view("0\0", 2)));
}

TEST_CASE("base64: the examples of RFC 4648 in both directions") {
  for (const Pair& pair : kBase64Vectors) {
    CAPTURE(pair.plain);
    CHECK(to_base64(as_bytes(pair.plain)) == pair.encoded);
    const auto decoded = parse_base64(pair.encoded);
    REQUIRE(decoded);
    CHECK(as_text(*decoded) == pair.plain);
  }
}

TEST_CASE("base64: all 64 characters of either alphabet, in the order of RFC 4648 tables 1 and 2") {
  const std::string hex =
      "00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf";
  const Bytes bytes = parse_hex(hex).value();
  CHECK(to_base64(bytes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  CHECK(to_base64url(bytes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
  CHECK(parse_base64(to_base64(bytes)) == bytes);
  CHECK(parse_base64url(to_base64url(bytes)) == bytes);
}

TEST_CASE("base64: padding is required, where it belongs and nowhere else") {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "Zm9v=", "Zm9v==", "Zm9v===", "Zm9v====", "=",
                           "==", "===", "====", "Z===", "Zg==Zg==", "Z=g=", "=Zg=", "Zm=v", "Zg==\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_base64(text));
  }
}

TEST_CASE("base64: foreign characters and white space are refused") {
  for (const char* text :
       {"Zm9-", "Zm9_", "Zm 9", " Zm9", "Zm9v\nZm9v", "Zm9v\n", "Zm9\r", "Zm\xc3\xa9", "Zm9.", "####"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_base64(text));
  }
  CHECK_FALSE(parse_base64(std::string_view("Zm9\0", 4)));
}

TEST_CASE("base64: bits beyond the last byte must be zero, RFC 4648 section 3.5") {
  for (const char* text : {"Zh==", "Zv==", "Zm9=", "Zm+="}) {
    CAPTURE(text);
    CHECK_FALSE(parse_base64(text));
    CHECK_FALSE(parse_base64url(text));
  }
  for (const char* text : {"Zh", "Zm9"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_base64url(text));
  }
}

TEST_CASE("base64url: is written without padding and read with or without") {
  for (const Pair& pair : kBase64Vectors) {
    CAPTURE(pair.plain);
    CHECK(to_base64url(as_bytes(pair.plain)) == unpadded(pair.encoded));
    CHECK(as_text(parse_base64url(pair.encoded).value()) == pair.plain);
    CHECK(as_text(parse_base64url(unpadded(pair.encoded)).value()) == pair.plain);
  }
}

TEST_CASE("base64url: wrong padding, a wrong length and the other alphabet are refused") {
  for (const char* text :
       {"Z", "Zg=", "Zg===", "Zm8==", "Zm9v=", "=", "==", "====", "Zm9vY", "+_+_", "Zm9/", "Zg==\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_base64url(text));
  }
}

TEST_CASE("base64: every length and every byte survives the way there and back") {
  Bytes bytes;
  for (unsigned value = 0; value < 256; ++value) {
    bytes.push_back(static_cast<std::uint8_t>(value * 7 + 1));
    CHECK(parse_base64(to_base64(bytes)) == bytes);
    CHECK(parse_base64url(to_base64url(bytes)) == bytes);
    CHECK(parse_hex(to_hex(bytes)) == bytes);
  }
}

TEST_CASE("comparison: equal only when the length and every byte are") {
  const Bytes a{1, 2, 3};
  CHECK(equal_in_constant_time(a, Bytes{1, 2, 3}));
  CHECK(equal_in_constant_time({}, {}));
  CHECK_FALSE(equal_in_constant_time(a, Bytes{1, 2}));
  CHECK_FALSE(equal_in_constant_time(a, Bytes{1, 2, 3, 0}));
  CHECK_FALSE(equal_in_constant_time(a, {}));
  for (std::size_t i = 0; i < a.size(); ++i) {
    Bytes other = a;
    other[i] ^= 0x80;
    CHECK_FALSE(equal_in_constant_time(a, other));
  }
}

}  // namespace
}  // namespace fleetsign::crypto
