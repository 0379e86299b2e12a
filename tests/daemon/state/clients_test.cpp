// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/clients.h"

#include <doctest/doctest.h>

#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

using Refusal = Clients::Refusal;

protocol::Instant stand_still() {
  return protocol::Instant{};
}

ClientId id_of(std::uint8_t number) {
  return {number};
}

Client client(const std::string& name, std::optional<std::int64_t> expires = {}) {
  return {
      .name = name, .secret = crypto::sha256({crypto::as_bytes("of " + name)}), .created = 1'000, .expires = expires};
}

std::string names_in(const Clients& clients) {
  const auto all = clients.all();
  REQUIRE(all.ok());
  std::string names;
  for (const auto& one : *all) names += one.name + " ";
  return names;
}

/// Whether a key of that public part can be used.
bool is_good(const Clients& clients, std::uint8_t number) {
  const auto found = clients.find(id_of(number));
  REQUIRE(found.ok());
  return found->has_value();
}

TEST_CASE("clients: one that was added is found, before and after a restart, with all that was said of it") {
  test::Bench bench;
  {
    const auto store = bench.open();
    Clients clients(*store, stand_still);
    CHECK_FALSE(is_good(clients, 1));
    CHECK_FALSE(clients.add(id_of(1), client("wall", 2'000)));
    CHECK_FALSE(clients.add(id_of(2), client("charger")));
    CHECK(names_in(clients) == "charger wall ");
  }
  const auto store = bench.open();
  const Clients clients(*store, stand_still);
  const auto found = clients.find(id_of(1));
  REQUIRE((found.ok() && found->has_value()));
  CHECK((*found)->name == "wall");
  CHECK((*found)->secret == client("wall").secret);
  CHECK((*found)->created == 1'000);
  CHECK((*found)->expires == 2'000);
  CHECK(names_in(clients) == "charger wall ");
  CHECK_FALSE((*clients.find(id_of(2)))->expires.has_value());
}

TEST_CASE("clients: one expires when its time has come, and not before") {
  CHECK_FALSE(client("a", 2'000).has_expired(1'999));
  CHECK(client("a", 2'000).has_expired(2'000));
  CHECK_FALSE(client("a").has_expired(4'000'000'000));
}

TEST_CASE("clients: one that was revoked is gone at once, for good, and its name is free") {
  test::Bench bench;
  {
    const auto store = bench.open();
    Clients clients(*store, stand_still);
    CHECK_FALSE(clients.add(id_of(1), client("wall")));
    CHECK(clients.add(id_of(2), client("wall")) == Refusal::exists);
    CHECK_FALSE(clients.revoke("wall", 1'500));
    CHECK_FALSE(is_good(clients, 1));
    CHECK(clients.revoke("wall", 1'500) == Refusal::unknown);
    CHECK_FALSE(clients.add(id_of(2), client("wall")));
  }
  const auto store = bench.open();
  const Clients clients(*store, stand_still);
  CHECK_FALSE(is_good(clients, 1));
  CHECK(is_good(clients, 2));
}

TEST_CASE("clients: there is room for so many") {
  test::Bench bench;
  const auto store = bench.open();
  Clients clients(*store, stand_still, 1);
  CHECK_FALSE(clients.add(id_of(1), client("a")));
  CHECK(clients.add(id_of(2), client("b")) == Refusal::full);
  CHECK_FALSE(clients.revoke("a", 0));
  CHECK_FALSE(clients.add(id_of(2), client("b")));
}

TEST_CASE("clients: what cannot be written is not added; what cannot be revoked for good is revoked for now") {
  test::Bench bench;
  {
    const auto store = bench.open();
    Clients clients(*store, stand_still);
    CHECK_FALSE(clients.add(id_of(1), client("a")));
    std::filesystem::rename(bench.folder(), bench.folder().string() + ".away");
    CHECK(clients.add(id_of(2), client("b")) == Refusal::unwritable);
    CHECK_FALSE(is_good(clients, 2));
    CHECK_FALSE(clients.all()->front().is_revoked);
    CHECK(clients.revoke("a", 1'500) == Refusal::unwritable);
    CHECK_FALSE(is_good(clients, 1));
    CHECK(clients.all()->front().is_revoked);

    std::filesystem::rename(bench.folder().string() + ".away", bench.folder());
    CHECK_FALSE(clients.revoke("a", 1'500));
    CHECK(clients.revoke("a", 1'500) == Refusal::unknown);
  }
  const auto store = bench.open();
  CHECK_FALSE(is_good(Clients(*store, stand_still), 1));
}

TEST_CASE("clients: a copy that is put back brings back what was lost, and nothing that was revoked since") {
  test::Bench bench;
  std::string copy;
  {
    const auto store = bench.open();
    Clients clients(*store, stand_still);
    CHECK_FALSE(clients.add(id_of(1), client("stays")));
    CHECK_FALSE(clients.add(id_of(2), client("revoked")));
    CHECK_FALSE(clients.add(id_of(3), client("renewed")));
    copy = *store->copy();
    CHECK_FALSE(clients.revoke("revoked", 1'500));
    CHECK_FALSE(clients.revoke("renewed", 1'500));
    CHECK_FALSE(clients.add(id_of(4), client("renewed")));
  }
  REQUIRE_FALSE(bench.open()->restore(copy));
  {
    const auto store = bench.open();
    const Clients clients(*store, stand_still);
    CHECK(names_in(clients) == "renewed stays ");
    CHECK_FALSE(is_good(clients, 3));
    CHECK(is_good(clients, 4));
  }
  std::filesystem::remove(bench.file());
  REQUIRE_FALSE(bench.open()->restore(copy));
  const auto store = bench.open();
  CHECK(names_in(Clients(*store, stand_still)) == "renewed revoked stays ");
}

TEST_CASE("clients: while the file cannot be read, nobody says that there are none") {
  test::Bench bench;
  const auto store = bench.open();
  CHECK(store->write([](const Database& database) { database.run("ALTER TABLE clients RENAME TO hidden"); }));
  auto now = stand_still();
  Clients clients(*store, [&] { return now; });
  CHECK(clients.find(id_of(1)).error() == Refusal::unreadable);
  CHECK(clients.all().error() == Refusal::unreadable);
  CHECK(clients.add(id_of(1), client("a")) == Refusal::unreadable);
  CHECK(clients.revoke("a", 0) == Refusal::unreadable);

  CHECK(store->write([](const Database& database) { database.run("ALTER TABLE hidden RENAME TO clients"); }));
  // It is looked at once a second, not for every request.
  now += Clients::kRetry - protocol::Duration(1);
  CHECK(clients.find(id_of(1)).error() == Refusal::unreadable);
  now += protocol::Duration(1);
  CHECK_FALSE(is_good(clients, 1));
}

}  // namespace
}  // namespace fleetsign::state
