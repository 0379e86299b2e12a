// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/store.h"

#include <doctest/doctest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "daemon/state/schema.h"
#include "tests/daemon/state/bench.h"
#include "tests/daemon/state/version1.h"

namespace fleetsign::state {
namespace {

using test::Bench;

std::int64_t count(const Store& store, const char* sql) {
  std::int64_t found = -1;
  CHECK(store.read([&](const Database& database) { found = database.number(sql); }));
  return found;
}

void prepare_file(const Bench& bench, const char* sql) {
  std::filesystem::create_directories(bench.folder());
  std::ofstream(bench.file(), std::ios::app).flush();
  Database(bench.file(), Database::Access::write).run(sql);
}

TEST_CASE("store: a new file is its owner's alone, durable and of the present version") {
  Bench bench;
  const auto store = bench.open();
  const auto mode = std::filesystem::status(bench.file()).permissions();
  CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(std::filesystem::status(bench.file().string() + "-wal").permissions() == mode);
  CHECK(count(*store, "PRAGMA user_version") == current_version());
  CHECK_FALSE(store->trouble().has_value());
  CHECK(bench.reports.empty());
  CHECK(store->write([](const Database& database) {
    CHECK(database.number("PRAGMA synchronous") == 2);  // FULL
  }));
}

TEST_CASE("store: a file of an earlier version is brought to this one, with what stands in it") {
  Bench bench;
  prepare_file(bench, test::kVersion1);
  const auto store = bench.open();
  CHECK(count(*store, "PRAGMA user_version") == current_version());
  CHECK(count(*store, "SELECT counter FROM sessions") == 7);
  for (const std::string table : {"claims", "wakes", "hosts", "unsigned_vehicles", "partner_keys", "spending"}) {
    CAPTURE(table);
    CHECK(count(*store, ("SELECT count(*) FROM " + table).c_str()) == 0);
  }
}

TEST_CASE("store: a file of a later version, and one of another program, are refused and stay as they are") {
  for (const auto* sql : {"CREATE TABLE t (i); PRAGMA application_id = 1718839150; PRAGMA user_version = 99",
                          "CREATE TABLE t (i); PRAGMA application_id = 7; PRAGMA user_version = 1",
                          "CREATE TABLE t (i); PRAGMA user_version = 1"}) {
    CAPTURE(sql);
    Bench bench;
    prepare_file(bench, sql);
    const auto store = bench.try_open();
    REQUIRE_FALSE(store.ok());
    CHECK(store.error().reason == Error::Reason::not_ours);
    CHECK_FALSE(store.error().hint.empty());
    CHECK(Database(bench.file(), Database::Access::read).number("SELECT count(*) FROM sqlite_schema") == 1);
  }
}

TEST_CASE("store: a damaged file is moved aside, said and kept; the next one beside it too") {
  Bench bench;
  for (int round = 1; round <= 2; ++round) {
    bench.open();
    std::ofstream(bench.file(), std::ios::binary | std::ios::in).seekp(0) << std::string(4096, 'x');
    bench.reports.clear();
    const auto store = bench.open();
    REQUIRE(bench.reports.size() == 1);
    const auto aside = bench.file().string() + ".damaged-" + std::to_string(round);
    CHECK(bench.reports[0].find(aside) != std::string::npos);
    CHECK(std::filesystem::exists(aside));
    CHECK(count(*store, "SELECT count(*) FROM sessions") == 0);
  }
}

TEST_CASE("store: those who write at the same time share a transaction, and all of it is there") {
  Bench bench;
  const auto store = bench.open();
  CHECK(store->write([](const Database& database) { database.run("CREATE TABLE t (i INTEGER)"); }));
  constexpr int kWriters = 16;
  constexpr int kEach = 20;
  std::atomic<int> kept{0};
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&] {
        for (int k = 0; k < kEach; ++k) {
          if (store->write([](const Database& database) { database.run("INSERT INTO t VALUES (1)"); })) ++kept;
        }
      });
    }
  }
  CHECK(kept == kWriters * kEach);
  CHECK(count(*store, "SELECT count(*) FROM t") == kWriters * kEach);
  CHECK(store->transactions() <= 1 + kWriters * kEach);
}

TEST_CASE("store: a full disk is said once, and so is its end") {
  Bench bench;
  const auto store = bench.open();
  const auto grow = [](const Database& database) {
    database.run("CREATE TABLE IF NOT EXISTS t (b BLOB); INSERT INTO t VALUES (zeroblob(100000))");
  };
  CHECK_FALSE(store->write([&](const Database& database) {
    test::fill(database);
    grow(database);
  }));
  CHECK_FALSE(store->write(grow));
  REQUIRE(bench.reports.size() == 1);
  CHECK(bench.reports[0].find("cannot be written") != std::string::npos);
  CHECK(store->trouble() == bench.reports[0]);
  CHECK(store->write(test::make_room));
  CHECK(store->write(grow));
  CHECK(bench.reports.size() == 2);
  CHECK_FALSE(store->trouble().has_value());
}

TEST_CASE("store: whoever's work fails, nobody waits for ever and nothing half is kept") {
  Bench bench;
  const auto store = bench.open();
  CHECK_FALSE(store->write([](const Database& database) {
    database.run("CREATE TABLE t (i INTEGER)");
    throw std::runtime_error("broken");
  }));
  CHECK(store->write([](const Database& database) { database.run("CREATE TABLE t (i INTEGER)"); }));
}

constexpr const char* kInsertSession =
    "INSERT INTO sessions VALUES (zeroblob(65), 'V', 2, zeroblob(65), zeroblob(16), 7, 1, 1, 'b', 1, NULL, 0)";

TEST_CASE("store: a copy can be restored, but its counters are void and later claims, wakes and spending stay") {
  Bench bench;
  std::string copy;
  {
    const auto store = bench.open();
    CHECK(store->write([](const Database& database) { database.run(kInsertSession); }));
    copy = store->copy().value();
    CHECK(store->write([](const Database& database) {
      database.run(
          "DELETE FROM sessions; INSERT INTO wakes VALUES ('V', 1, 1); INSERT INTO spending VALUES ('c', 1, 1);"
          "INSERT INTO claims VALUES (zeroblob(32), zeroblob(32), 1, NULL, NULL, NULL)");
    }));
  }
  CHECK_FALSE(bench.open()->restore(copy).has_value());
  CHECK(std::filesystem::exists(bench.file().string() + ".replaced-1"));
  const auto store = bench.open();
  CHECK(count(*store, "SELECT count(*) FROM sessions") == 1);
  CHECK(count(*store, "SELECT count(*) FROM sessions WHERE epoch IS NULL") == 1);
  CHECK(count(*store, "SELECT count(*) FROM claims") == 1);
  CHECK(count(*store, "SELECT count(*) FROM wakes") == 1);
  CHECK(count(*store, "SELECT count(*) FROM spending") == 1);
  CHECK(std::distance(std::filesystem::directory_iterator(bench.folder()), {}) == 5);  // nothing half-done is left
}

TEST_CASE("store: what a copy knows of hosts, vehicles without the protocol and partners' keys is restored with it") {
  Bench bench;
  std::string copy;
  {
    const auto store = bench.open();
    CHECK(store->write([](const Database& database) {
      database.run(
          "INSERT INTO hosts VALUES (zeroblob(32), 'https://a'); INSERT INTO unsigned_vehicles VALUES ('V', 1);"
          "INSERT INTO partner_keys VALUES ('d', zeroblob(65))");
    }));
    copy = store->copy().value();
  }
  Bench other;
  CHECK_FALSE(other.open()->restore(copy).has_value());
  const auto store = other.open();
  for (const std::string table : {"hosts", "unsigned_vehicles", "partner_keys"}) {
    CAPTURE(table);
    CHECK(count(*store, ("SELECT count(*) FROM " + table).c_str()) == 1);
  }
}

TEST_CASE("store: a file that is removed under it is made anew, and what is written from then on is there later") {
  Bench bench;
  auto store = bench.open();
  CHECK(store->write([](const Database& database) { database.run(kInsertSession); }));
  for (const auto* part : {"", "-wal", "-shm"}) std::filesystem::remove(bench.file().string() + part);
  CHECK(store->write([](const Database& database) { database.run("INSERT INTO wakes VALUES ('V', 1, 1)"); }));
  CHECK(count(*store, "SELECT count(*) FROM sessions") == 0);
  CHECK(bench.reports.size() == 1);
  store.reset();
  CHECK(count(*bench.open(), "SELECT count(*) FROM wakes") == 1);
}

TEST_CASE("store: an earlier file that is put in its place has no counter that counts") {
  Bench bench;
  const auto store = bench.open();
  CHECK(store->write([](const Database& database) { database.run(kInsertSession); }));
  const auto earlier = bench.folder() / "earlier.db";
  std::ofstream(earlier, std::ios::binary) << store->copy().value();
  for (const auto* part : {"-wal", "-shm"}) std::filesystem::remove(bench.file().string() + part);
  std::filesystem::rename(earlier, bench.file());
  CHECK(store->write([](const Database& database) { database.run("INSERT INTO wakes VALUES ('V', 1, 1)"); }));
  CHECK(count(*store, "SELECT count(*) FROM sessions WHERE epoch IS NULL") == 1);
  CHECK_FALSE(store->counters_are_void());
}

TEST_CASE("store: into a folder that was moved away nothing is written, and that is said") {
  Bench bench;
  const auto store = bench.open();
  std::filesystem::rename(bench.folder(), bench.folder().string() + ".moved");
  std::filesystem::create_directory(bench.folder());
  CHECK_FALSE(store->write([](const Database& database) { database.run(kInsertSession); }));
  CHECK(store->trouble().value().find("moved or replaced") != std::string::npos);
}

TEST_CASE("store: what a copy left behind that was broken off is no part of the next one") {
  Bench bench;
  const auto copy = bench.open()->copy().value();
  std::ofstream(bench.file().string() + ".incoming-journal") << std::string(5000, 'x');
  std::ofstream(bench.file().string() + ".copy") << "half";
  CHECK_FALSE(bench.open()->restore(copy).has_value());
  const auto store = bench.open();
  CHECK_FALSE(std::filesystem::exists(bench.file().string() + ".incoming-journal"));
  CHECK_FALSE(std::filesystem::exists(bench.file().string() + ".copy"));
}

TEST_CASE("store: nothing is restored while another program has the file open, for it would mix the two") {
  Bench bench;
  const auto store = bench.open();
  CHECK(store->write([](const Database& database) { database.run(kInsertSession); }));
  const auto copy = store->copy().value();
  const Database other(bench.file(), Database::Access::read);
  CHECK(other.number("SELECT count(*) FROM sessions") == 1);
  const auto error = store->restore(copy);
  REQUIRE(error.has_value());
  CHECK(error->hint.find("close the other program") != std::string::npos);
  CHECK(other.number("SELECT count(*) FROM sessions WHERE epoch IS NOT NULL") == 1);
}

TEST_CASE("store: what is no copy of a state is not restored, and what is kept stays") {
  Bench bench;
  const auto store = bench.open();
  CHECK(store->write([](const Database& database) { database.run(kInsertSession); }));
  for (const std::string& copy : {std::string(), std::string(5000, 'x'), store->copy().value().substr(0, 4096)}) {
    const auto error = store->restore(copy);
    REQUIRE(error.has_value());
    CHECK_FALSE(error->hint.empty());
  }
  CHECK(count(*store, "SELECT count(*) FROM sessions WHERE epoch IS NOT NULL") == 1);
}

}  // namespace
}  // namespace fleetsign::state
