// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace fleetsign::state {
namespace {

/// Only a foreign program, such as sqlite3 at a prompt, can be in the way: the folder has one owner.
constexpr int kBusyMilliseconds = 2000;

DatabaseError::Cause cause_of(int status, int system) {
  // What SQLite calls an I/O error is often just that.
  if (system == ENOSPC || system == EDQUOT) return DatabaseError::Cause::full;
  switch (status & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DatabaseError::Cause::damaged;
    case SQLITE_FULL:
      return DatabaseError::Cause::full;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return DatabaseError::Cause::unwritable;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return DatabaseError::Cause::locked;
    default:
      return DatabaseError::Cause::other;
  }
}

DatabaseError error_of(sqlite3* connection, int status) {
  const int extended = connection != nullptr ? sqlite3_extended_errcode(connection) : status;
  const int system = connection != nullptr ? sqlite3_system_errno(connection) : 0;
  // The text of the status alone: that of the connection may quote values.
  return {cause_of(status, system), std::string(sqlite3_errstr(extended)) + " (" + std::to_string(extended) + ")"};
}

[[noreturn]] void fail(sqlite3* connection, int status) {
  throw error_of(connection, status);
}

sqlite3* open(const char* name, int flags) {
  sqlite3* connection = nullptr;
  const int status = sqlite3_open_v2(name, &connection, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (status == SQLITE_OK) {
    sqlite3_busy_timeout(connection, kBusyMilliseconds);
    return connection;
  }
  const auto error = error_of(connection, status);
  sqlite3_close(connection);
  throw error;
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::check(int status) const {
  if (status != SQLITE_OK) fail(sqlite3_db_handle(statement_.get()), status);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  const char* const data = text.empty() ? "" : text.data();  // a null pointer would bind NULL
  check(sqlite3_bind_text64(statement_.get(), ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(crypto::ByteView blob) {
  if (blob.empty()) {
    check(sqlite3_bind_zeroblob(statement_.get(), ++bound_, 0));
  } else {
    check(sqlite3_bind_blob64(statement_.get(), ++bound_, blob.data(), blob.size(), SQLITE_TRANSIENT));
  }
  return *this;
}

Statement& Statement::bind_null() {
  check(sqlite3_bind_null(statement_.get(), ++bound_));
  return *this;
}

bool Statement::step() {
  const int status = sqlite3_step(statement_.get());
  if (status == SQLITE_ROW) return true;
  if (status != SQLITE_DONE) fail(sqlite3_db_handle(statement_.get()), status);
  return false;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

crypto::Bytes Statement::blob(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  return bytes == nullptr ? crypto::Bytes()
                          : crypto::Bytes(bytes, bytes + sqlite3_column_bytes(statement_.get(), column));
}

void Database::Closer::operator()(sqlite3* connection) const {
  sqlite3_close(connection);
}

Database::Database(const std::filesystem::path& file, Access access)
    : connection_(open(file.c_str(), access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE)) {}

Statement Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int status =
      sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (status != SQLITE_OK) fail(connection_.get(), status);
  return Statement(statement);
}

void Database::run(const char* sql) const {
  const int status = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) fail(connection_.get(), status);
}

std::int64_t Database::number(std::string_view sql) const {
  auto statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

void keep_latest(const Database& database, const std::string& table, std::int64_t rows) {
  database
      .prepare("DELETE FROM " + table + " WHERE rowid IN (SELECT rowid FROM " + table +
               " ORDER BY rowid DESC LIMIT -1 OFFSET ?)")
      .bind(rows)
      .run();
}

Transaction::Transaction(const Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.run("ROLLBACK");
  } catch (const DatabaseError&) {
    // SQLite has rolled back already, as it does for the worst of errors.
  }
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace fleetsign::state
