// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/partner_keys.h"

#include <doctest/doctest.h>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

crypto::PublicPoint point(std::uint8_t byte) {
  crypto::PublicPoint filled;
  filled.fill(byte);
  return filled;
}

TEST_CASE("partner keys: the one that was kept last for a domain is there after a restart, and for no other") {
  test::Bench bench;
  {
    const auto store = bench.open();
    PartnerKeys keys(*store);
    CHECK_FALSE(keys.find("example.com").has_value());
    CHECK(keys.keep("example.com", point(1)));
    CHECK(keys.keep("example.com", point(2)));
  }
  const auto store = bench.open();
  const PartnerKeys keys(*store);
  CHECK(keys.find("example.com") == point(2));
  CHECK_FALSE(keys.find("example.org").has_value());
}

TEST_CASE("partner keys: of too many domains, those that were kept first are given up") {
  test::Bench bench;
  const auto store = bench.open();
  PartnerKeys keys(*store, 2);
  for (const auto* domain : {"a", "b", "a", "c"}) CHECK(keys.keep(domain, point(1)));
  CHECK(keys.find("a").has_value());
  CHECK_FALSE(keys.find("b").has_value());
  CHECK(keys.find("c").has_value());
}

TEST_CASE("partner keys: there is none while the file cannot be read") {
  test::Bench bench;
  const auto store = bench.open();
  CHECK(store->write([](const Database& database) { database.run("DROP TABLE partner_keys"); }));
  PartnerKeys keys(*store);
  CHECK_FALSE(keys.find("example.com").has_value());
  CHECK_FALSE(keys.keep("example.com", point(1)));
}

}  // namespace
}  // namespace fleetsign::state
