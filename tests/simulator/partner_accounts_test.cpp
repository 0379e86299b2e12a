// SPDX-License-Identifier: Apache-2.0
#include "simulator/partner_accounts.h"

#include <doctest/doctest.h>

#include <string>

using fleetsign::crypto::PublicPoint;
using fleetsign::simulator::is_domain;
using fleetsign::simulator::PartnerAccounts;

TEST_CASE("partner accounts: a domain is a name in lower case with a dot in it") {
  for (const char* good : {"a.b", "fleet-1.example.com", "xn--4ca.example"}) CHECK(is_domain(good));
  for (const char* bad : {"", ".", "a", "a.", ".a", "a..b", "A.b", "a.b/", "a_b.c", "a b.c"})
    CHECK_FALSE(is_domain(bad));
  CHECK_FALSE(is_domain(std::string(252, 'a') + ".b"));
}

TEST_CASE("partner accounts: an app has one domain, the last that it registered") {
  PartnerAccounts accounts(PublicPoint{4});
  REQUIRE(accounts.add("app", "a.example", std::chrono::seconds(1)));
  REQUIRE(accounts.add("app", "b.example", std::chrono::seconds(2)));
  CHECK(accounts.find("app", "a.example").error() == "not_found");
  CHECK(accounts.find("app", "b.example")->created_at == std::chrono::seconds(1));
  CHECK(accounts.find("other", "b.example").error() == "not_registered");
  CHECK(accounts.report().size() == 1);
}

TEST_CASE("partner accounts: where no key is enrolled none is found") {
  PartnerAccounts accounts(std::nullopt);
  CHECK(accounts.add("app", "a.example", {}).error() == "key_unreachable");
  CHECK_FALSE(accounts.knows("app"));
  REQUIRE(accounts.host("a.example", PublicPoint{4}));
  CHECK(accounts.add("app", "a.example", {}));
  CHECK(accounts.knows("app"));
}

TEST_CASE("partner accounts: so many and no more are kept") {
  PartnerAccounts accounts(std::nullopt);
  for (std::size_t i = 0; i < PartnerAccounts::kMost; ++i) {
    const auto number = std::to_string(i);
    PublicPoint key{};
    key[0] = static_cast<std::uint8_t>(i & 0xff);
    key[1] = static_cast<std::uint8_t>(i >> 8);
    REQUIRE(accounts.host(number + ".example", key));
    REQUIRE(accounts.add(number, number + ".example", {}));
  }
  CHECK_FALSE(accounts.host("more.example", PublicPoint{0xff, 0xff}));
  REQUIRE(accounts.host("1.example", PublicPoint{0xff, 0xff}));
  CHECK(accounts.add("more", "1.example", {}).error() == "domain_taken");
  CHECK(accounts.report().size() == PartnerAccounts::kMost);
}
