// SPDX-License-Identifier: Apache-2.0
// SQLite with owners for what it hands out, and its statuses as exceptions: a database that fails is broken machinery.
// Store catches them; nothing beyond this folder sees one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "crypto/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fleetsign::state {

/// A status of SQLite other than success.
class DatabaseError : public std::runtime_error {
 public:
  enum class Cause : std::uint8_t {
    damaged,     ///< the file is no database, or its pages contradict each other
    full,        ///< no room is left on the disk
    unwritable,  ///< the file or its folder may not be written
    locked,      ///< another program has it
    other,
  };
  DatabaseError(Cause cause, const std::string& what) : std::runtime_error(what), cause_(cause) {}
  [[nodiscard]] Cause cause() const { return cause_; }

 private:
  Cause cause_;
};

/// One statement and its row under the cursor. Values are bound from left to right, columns counted from 0.
class Statement {
 public:
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind(crypto::ByteView blob);
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  /// Moves to the next row; whether there is one.
  bool step();
  /// Runs a statement that yields no rows.
  void run() { step(); }

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] crypto::Bytes blob(int column) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Statement& bind_null();
  void check(int status) const;

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
  int bound_ = 0;
};

/// One connection. Used by one thread at a time.
class Database {
 public:
  enum class Access : std::uint8_t { read, write };

  /// For writing, the file must exist too; it may be empty. Throws when it cannot be opened; a file that is no database
  /// is noticed by the first statement.
  Database(const std::filesystem::path& file, Access access);

  [[nodiscard]] Statement prepare(std::string_view sql) const;
  /// Runs statements that take no values and yield no rows, separated by semicolons.
  void run(const char* sql) const;
  /// The one number that a statement without values yields.
  [[nodiscard]] std::int64_t number(std::string_view sql) const;

 private:
  struct Closer {
    void operator()(sqlite3* connection) const;
  };
  std::unique_ptr<sqlite3, Closer> connection_;
};

/// Deletes all rows of a table but those that came last, as its rowids tell: a row of it is replaced, never updated.
void keep_latest(const Database& database, const std::string& table, std::int64_t rows);

/// From its making to commit(); rolled back when it ends without.
class Transaction {
 public:
  explicit Transaction(const Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Durable when it returns. When it throws, nobody knows.
  void commit();

 private:
  const Database& database_;
  bool open_ = true;
};

}  // namespace fleetsign::state
