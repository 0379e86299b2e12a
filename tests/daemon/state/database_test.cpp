// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/database.h"

#include <doctest/doctest.h>

#include "tests/crypto/temporary_folder.h"

namespace fleetsign::state {
namespace {

using Access = Database::Access;

struct Scratch {
  crypto::test::TemporaryFolder folder;
  std::filesystem::path file = folder.write("any.db", "");
  Database database{file, Access::write};
};

TEST_CASE("database: every kind of value comes back as it was bound, an empty blob and an empty text included") {
  Scratch scratch;
  scratch.database.run("CREATE TABLE t (i INTEGER, s TEXT, b BLOB, e BLOB, n INTEGER) STRICT");
  const crypto::Bytes bytes = {0, 255, 0};
  scratch.database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?)")
      .bind(std::int64_t{-5})
      .bind(std::string_view())
      .bind(crypto::ByteView(bytes))
      .bind(crypto::ByteView())
      .bind(std::optional<std::int64_t>())
      .run();
  auto row = scratch.database.prepare("SELECT * FROM t");
  REQUIRE(row.step());
  CHECK(row.integer(0) == -5);
  CHECK(row.text(1).empty());
  CHECK_FALSE(row.is_null(1));
  CHECK(row.blob(2) == bytes);
  CHECK(row.blob(3).empty());
  CHECK_FALSE(row.is_null(3));
  CHECK(row.is_null(4));
  CHECK_FALSE(row.step());
}

TEST_CASE("database: a transaction that ends without its commit has changed nothing") {
  Scratch scratch;
  scratch.database.run("CREATE TABLE t (i INTEGER)");
  {
    const Transaction abandoned(scratch.database);
    scratch.database.run("INSERT INTO t VALUES (1)");
  }
  CHECK(scratch.database.number("SELECT count(*) FROM t") == 0);
  {
    Transaction kept(scratch.database);
    scratch.database.run("INSERT INTO t VALUES (1)");
    kept.commit();
  }
  CHECK(scratch.database.number("SELECT count(*) FROM t") == 1);
}

TEST_CASE("database: what is wrong is told by its cause, and without any value") {
  const crypto::test::TemporaryFolder folder;
  const auto cause_of = [](auto work) {
    try {
      work();
    } catch (const DatabaseError& error) {
      CHECK(std::string(error.what()).find("secret") == std::string::npos);
      return error.cause();
    }
    return DatabaseError::Cause::other;
  };
  const auto noise = folder.write("noise.db", std::string(4096, 'x'));
  CHECK(cause_of([&] { Database(noise, Access::write).run("CREATE TABLE t (i)"); }) == DatabaseError::Cause::damaged);
  CHECK(cause_of([&] { Database(folder.file("missing/a.db"), Access::write); }) == DatabaseError::Cause::unwritable);
  const auto file = folder.write("full.db", "");
  CHECK(cause_of([&] {
          const Database database(file, Access::write);
          database.run("CREATE TABLE t (s TEXT CHECK (s <> 'secret')); PRAGMA max_page_count = 1");
          database.prepare("INSERT INTO t VALUES (?)").bind(std::string(100'000, 'x')).run();
        }) == DatabaseError::Cause::full);
  CHECK(cause_of([&] { Database(file, Access::read).run("CREATE TABLE u (i)"); }) == DatabaseError::Cause::unwritable);
}

}  // namespace
}  // namespace fleetsign::state
