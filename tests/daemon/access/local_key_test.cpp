// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/local_key.h"

#include <doctest/doctest.h>

#include <string>

namespace fleetsign::access {
namespace {

TEST_CASE("local key: a new one is its own, and can be read") {
  const auto text = make_local_key();
  CHECK(text.size() == 60);
  CHECK(text.starts_with("fsk_"));
  const auto key = read_local_key(text);
  REQUIRE(key);
  const auto other = read_local_key(make_local_key());
  REQUIRE(other);
  CHECK(key->id != other->id);
  CHECK(key->secret != other->secret);
}

TEST_CASE("local key: what is kept of it is the hash of its secret") {
  const auto key = read_local_key("fsk_" + std::string(56, 'A'));
  REQUIRE(key);
  CHECK(key->id == state::ClientId{});
  CHECK(key->secret == crypto::sha256({crypto::Bytes(33, 0)}));
}

TEST_CASE("local key: no two texts are one key, and nothing else is one") {
  const auto text = make_local_key();
  const auto key = read_local_key(text);
  for (std::size_t at = 4; at < text.size(); ++at) {
    auto changed = text;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    const auto other = read_local_key(changed);
    REQUIRE(other);
    CHECK((other->id != key->id || other->secret != key->secret));
  }
  for (const std::string& wrong :
       {std::string(), std::string("fsk_"), text.substr(0, 59), text + "A", text + "=", "FSK_" + text.substr(4),
        text.substr(4), " " + text.substr(0, 59), text.substr(0, 59) + "=", text.substr(0, 59) + "+"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_local_key(wrong));
  }
}

}  // namespace
}  // namespace fleetsign::access
