// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/tokens.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "tests/crypto/known_answers.h"
#include "tests/daemon/state/bench.h"

namespace fleetsign::state {
namespace {

using Trouble = Tokens::Trouble;

crypto::SecretText text(std::string_view plain) {
  return {plain.begin(), plain.end()};
}

KeptTokens grant(std::string_view name) {
  return {.refresh = text("refresh-of-" + std::string(name)),
          .access = text("access-of-" + std::string(name)),
          .expires = 2'000,
          .scopes = "openid vehicle_cmds",
          .refreshed = 1'000};
}

std::optional<crypto::AesKey256> key(char digit) {
  return crypto::test::hex_secret<32>(std::string(64, digit));
}

/// The refresh token of an account; empty when there is none.
std::string refresh_of(const Tokens& tokens, const std::string& account) {
  const auto found = tokens.find(account);
  REQUIRE(found.ok());
  return found->has_value() ? std::string(crypto::view((*found)->refresh)) : "";
}

std::optional<Trouble> trouble_of(const Tokens& tokens, const std::string& account) {
  const auto found = tokens.find(account);
  return found ? std::nullopt : std::optional(found.error());
}

/// Whether a text stands in any of the files.
bool is_on_disk(const test::Bench& bench, const std::string& needle) {
  for (const auto& file : std::filesystem::directory_iterator(bench.folder())) {
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    if (bytes.find(needle) != std::string::npos) return true;
  }
  return false;
}

void run(Store& store, const char* sql) {
  REQUIRE(store.write([&](const Database& database) { database.run(sql); }));
}

TEST_CASE("tokens: what was plain is nowhere in the files any more once it is encrypted, also where others read them") {
  test::Bench bench;
  const auto store = bench.open();
  REQUIRE(Tokens(*store, std::nullopt).keep("home", grant("home")));
  REQUIRE(store->empty_log());  // so that they are in the file itself, as after a restart
  REQUIRE(is_on_disk(bench, "refresh-of-home"));
  Tokens tokens(*store, key('a'));
  {
    const Database reader(bench.file(), Database::Access::read);
    reader.run("BEGIN");
    (void)reader.number("SELECT count(*) FROM tokens");
    CHECK(tokens.keep("home", grant("home")));
    CHECK(tokens.is_plain_left());  // what the other one reads must stay
    CHECK((*tokens.find("home"))->is_encrypted);
    reader.run("COMMIT");
  }
  CHECK(tokens.clear_plain());
  CHECK_FALSE(tokens.is_plain_left());
  CHECK_FALSE(is_on_disk(bench, "refresh-of-home"));
  CHECK_FALSE(is_on_disk(bench, "access-of-home"));
  CHECK(refresh_of(tokens, "home") == "refresh-of-home");
}

TEST_CASE("tokens: what a crash has left plain in the file is gone after the next start") {
  test::Bench bench;
  test::Bench crashed;
  {
    const auto store = bench.open();
    REQUIRE(Tokens(*store, std::nullopt).keep("home", grant("home")));
    REQUIRE(store->empty_log());
    REQUIRE(store->write([&](const Database& database) { database.run("UPDATE tokens SET refresh = x'00'"); }));
    std::filesystem::create_directories(crashed.folder());
    for (const char* name : {"state.db", "state.db-wal"}) {
      std::filesystem::copy_file(bench.folder() / name, crashed.folder() / name);
    }
    std::filesystem::permissions(crashed.folder(), std::filesystem::perms::owner_all);
  }
  REQUIRE(is_on_disk(crashed, "refresh-of-home"));
  const auto store = crashed.open();
  CHECK_FALSE(is_on_disk(crashed, "refresh-of-home"));
}

TEST_CASE("tokens: what was kept is found, before and after a restart, with all that was said of it") {
  for (const bool is_encrypted : {false, true}) {
    CAPTURE(is_encrypted);
    const auto key_or_none = [&] { return is_encrypted ? key('a') : std::nullopt; };
    test::Bench bench;
    {
      const auto store = bench.open();
      Tokens tokens(*store, key_or_none());
      CHECK(refresh_of(tokens, "home").empty());
      CHECK(tokens.keep("home", grant("home")));
      CHECK(tokens.keep("other", {.refresh = text("alone"), .refreshed = 7, .login_required = true}));
      CHECK(refresh_of(tokens, "home") == "refresh-of-home");
    }
    const auto store = bench.open();
    const Tokens tokens(*store, key_or_none());
    const auto home = tokens.find("home");
    REQUIRE((home.ok() && home->has_value()));
    CHECK(crypto::view((*home)->refresh) == "refresh-of-home");
    CHECK(crypto::view((*home)->access) == "access-of-home");
    CHECK((*home)->expires == 2'000);
    CHECK((*home)->scopes == "openid vehicle_cmds");
    CHECK((*home)->refreshed == 1'000);
    CHECK_FALSE((*home)->login_required);
    CHECK((*home)->is_encrypted == is_encrypted);
    const auto other = tokens.find("other");
    REQUIRE((other.ok() && other->has_value()));
    CHECK((*other)->access.empty());
    CHECK_FALSE((*other)->expires.has_value());
    CHECK((*other)->login_required);
  }
}

TEST_CASE("tokens: with a key, nothing of them stands in the file; what was plain before is gone from it") {
  test::Bench bench;
  {
    const auto store = bench.open();
    CHECK(Tokens(*store, std::nullopt).keep("home", grant("plain")));
    CHECK(is_on_disk(bench, "refresh-of-plain"));
    CHECK(Tokens(*store, key('a')).keep("home", grant("secret")));
  }
  CHECK_FALSE(is_on_disk(bench, "refresh-of"));
  CHECK_FALSE(is_on_disk(bench, "access-of"));
  CHECK(refresh_of(Tokens(*bench.open(), key('a')), "home") == "refresh-of-secret");
}

TEST_CASE("tokens: what was kept without a key can be read with one") {
  test::Bench bench;
  const auto store = bench.open();
  CHECK(Tokens(*store, std::nullopt).keep("home", grant("home")));
  CHECK(refresh_of(Tokens(*store, key('a')), "home") == "refresh-of-home");
}

TEST_CASE("tokens: the same tokens are never sealed twice in the same way") {
  test::Bench bench;
  const auto store = bench.open();
  Tokens tokens(*store, key('a'));
  const auto sealed = [&] {
    CHECK(tokens.keep("home", grant("home")));
    crypto::Bytes blob;
    CHECK(store->read([&](const Database& database) {
      auto row = database.prepare("SELECT refresh FROM tokens");
      REQUIRE(row.step());
      blob = row.blob(0);
    }));
    return blob;
  };
  const auto first = sealed();
  const auto second = sealed();
  CHECK(crypto::to_hex(first).substr(0, 24) != crypto::to_hex(second).substr(0, 24));
  CHECK(crypto::to_hex(first).substr(24, 24) != crypto::to_hex(second).substr(24, 24));
}

TEST_CASE("tokens: without their key, or with another, they cannot be read, and are not lost") {
  test::Bench bench;
  const auto store = bench.open();
  CHECK(Tokens(*store, key('a')).keep("home", grant("home")));
  CHECK(trouble_of(Tokens(*store, std::nullopt), "home") == Trouble::no_key);
  CHECK(trouble_of(Tokens(*store, key('b')), "home") == Trouble::other_key);
  CHECK(refresh_of(Tokens(*store, key('a')), "home") == "refresh-of-home");
}

TEST_CASE("tokens: one that was put into another account's row, or into another column, does not open") {
  for (const auto* change : {"UPDATE tokens SET refresh = (SELECT refresh FROM tokens WHERE account = 'b')",
                             "UPDATE tokens SET access = refresh", "UPDATE tokens SET refresh = substr(refresh, 1, 20)",
                             "UPDATE tokens SET refresh = x''"}) {
    CAPTURE(change);
    test::Bench bench;
    const auto store = bench.open();
    Tokens tokens(*store, key('a'));
    CHECK(tokens.keep("a", grant("a")));
    CHECK(tokens.keep("b", grant("b")));
    run(*store, change);
    CHECK(trouble_of(tokens, "a") == Trouble::other_key);
  }
}

TEST_CASE("tokens: forgotten ones are gone, from the file as well, until others are kept") {
  test::Bench bench;
  {
    const auto store = bench.open();
    Tokens tokens(*store, std::nullopt);
    CHECK(tokens.forget("never"));
    CHECK(tokens.keep("home", grant("first")));
    CHECK(tokens.forget("home"));
    CHECK(refresh_of(tokens, "home").empty());
    CHECK_FALSE(is_on_disk(bench, "refresh-of-first"));  // also while the daemon runs on
  }
  const auto store = bench.open();
  Tokens tokens(*store, std::nullopt);
  CHECK(refresh_of(tokens, "home").empty());
  CHECK(tokens.keep("home", grant("second")));
  CHECK(refresh_of(tokens, "home") == "refresh-of-second");
}

TEST_CASE("tokens: what could be written is found out by writing as much as that, and changes nothing") {
  for (const bool is_encrypted : {false, true}) {
    CAPTURE(is_encrypted);
    test::Bench bench;
    const auto store = bench.open();
    Tokens tokens(*store, is_encrypted ? key('a') : std::nullopt);
    CHECK(tokens.can_keep("home"));
    CHECK(refresh_of(tokens, "home").empty());
    auto long_ones = grant("home");
    std::string numbers;
    for (int number = 0; numbers.size() < 20'000; ++number) numbers += std::to_string(number);
    long_ones.access = text(numbers);
    CHECK(tokens.keep("home", long_ones));
    REQUIRE(store->empty_log());
    CHECK(tokens.can_keep("home"));
    CHECK(std::filesystem::file_size(bench.file().string() + "-wal") > 20'000);
    const auto found = tokens.find("home");
    REQUIRE((found.ok() && found->has_value()));
    CHECK(crypto::view((*found)->refresh) == crypto::view(long_ones.refresh));
    CHECK(crypto::view((*found)->access) == crypto::view(long_ones.access));
  }
}

TEST_CASE("tokens: while the file cannot be read or written, that is said") {
  test::Bench bench;
  const auto store = bench.open();
  Tokens tokens(*store, std::nullopt);
  CHECK(tokens.keep("home", grant("home")));
  run(*store, "ALTER TABLE tokens RENAME TO hidden");
  CHECK(trouble_of(tokens, "home") == Trouble::unreadable);
  CHECK_FALSE(tokens.keep("home", grant("other")));
  CHECK_FALSE(tokens.can_keep("home"));
  CHECK_FALSE(tokens.forget("home"));
  run(*store, "ALTER TABLE hidden RENAME TO tokens");
  CHECK(refresh_of(tokens, "home") == "refresh-of-home");
}

TEST_CASE("tokens: a copy that is put back brings back what was lost, and none that was replaced or forgotten since") {
  test::Bench bench;
  std::string copy;
  {
    const auto store = bench.open();
    Tokens tokens(*store, std::nullopt);
    for (const std::string name : {"stays", "rotated", "forgotten"}) CHECK(tokens.keep(name, grant(name)));
    copy = *store->copy();
    CHECK(tokens.keep("rotated", grant("newer")));
    CHECK(tokens.forget("forgotten"));
  }
  REQUIRE_FALSE(bench.open()->restore(copy));
  {
    const auto store = bench.open();
    const Tokens tokens(*store, std::nullopt);
    CHECK(refresh_of(tokens, "stays") == "refresh-of-stays");
    CHECK(refresh_of(tokens, "rotated") == "refresh-of-newer");
    CHECK(refresh_of(tokens, "forgotten").empty());
  }
  std::filesystem::remove(bench.file());
  REQUIRE_FALSE(bench.open()->restore(copy));
  const auto store = bench.open();
  CHECK(refresh_of(Tokens(*store, std::nullopt), "rotated") == "refresh-of-rotated");
}

}  // namespace
}  // namespace fleetsign::state
