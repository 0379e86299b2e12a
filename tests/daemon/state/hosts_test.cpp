// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/hosts.h"

#include <doctest/doctest.h>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

crypto::Sha256Digest account(int number) {
  return crypto::sha256({crypto::as_bytes(std::to_string(number))});
}

TEST_CASE("hosts: the one that was kept last for an account is there after a restart, and for no other account") {
  test::Bench bench;
  {
    const auto store = bench.open();
    Hosts hosts(*store);
    CHECK_FALSE(hosts.find(account(1)).has_value());
    CHECK(hosts.keep(account(1), "https://a"));
    CHECK(hosts.keep(account(1), "https://b"));
  }
  const auto store = bench.open();
  const Hosts hosts(*store);
  CHECK(hosts.find(account(1)) == "https://b");
  CHECK_FALSE(hosts.find(account(2)).has_value());
}

TEST_CASE("hosts: one that was erased is gone after a restart, too, and others stay") {
  test::Bench bench;
  {
    const auto store = bench.open();
    Hosts hosts(*store);
    CHECK(hosts.keep(account(1), "https://a"));
    CHECK(hosts.keep(account(2), "https://b"));
    CHECK(hosts.erase(account(1)));
    CHECK(hosts.erase(account(3)));
  }
  const auto store = bench.open();
  const Hosts hosts(*store);
  CHECK_FALSE(hosts.find(account(1)).has_value());
  CHECK(hosts.find(account(2)) == "https://b");
}

TEST_CASE("hosts: of too many accounts, those that were kept first are given up") {
  test::Bench bench;
  const auto store = bench.open();
  Hosts hosts(*store, 2);
  for (const int number : {1, 2, 1, 3}) CHECK(hosts.keep(account(number), "https://a"));
  CHECK(hosts.find(account(1)).has_value());
  CHECK_FALSE(hosts.find(account(2)).has_value());
  CHECK(hosts.find(account(3)).has_value());
}

}  // namespace
}  // namespace fleetsign::state
