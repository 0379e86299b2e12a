// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/schema.h"

#include <array>
#include <cstddef>
#include <string>

namespace fleetsign::state {
namespace {

/// "fsgn", in the file's header: tells our files from those of others, as file(1) does.
constexpr std::int64_t kApplication = 0x6673676E;

/// Step n makes version n + 1 of version n. A step that has been released is never edited: another one follows.
constexpr std::array kSteps = {
    // A session of one of our keys with a domain of a vehicle. No counter above `counter` has been used in the epoch;
    // without an epoch nobody knows. The vehicle's clock was at least `clock` when ours said `boot_ns` since the boot
    // `boot_id`, and `wall_ms` where that could be trusted.
    R"(CREATE TABLE sessions (
         client BLOB NOT NULL CHECK (length(client) = 65),
         vin TEXT NOT NULL,
         domain INTEGER NOT NULL,
         vehicle BLOB NOT NULL CHECK (length(vehicle) = 65),
         epoch BLOB CHECK (length(epoch) = 16),
         counter INTEGER NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
         last_clock INTEGER NOT NULL CHECK (last_clock BETWEEN 0 AND 4294967295),
         clock INTEGER NOT NULL CHECK (clock BETWEEN 0 AND 4294967295),
         boot_id TEXT NOT NULL,
         boot_ns INTEGER NOT NULL,
         wall_ms INTEGER,
         encrypted INTEGER NOT NULL,
         PRIMARY KEY (client, vin, domain)
       ) STRICT, WITHOUT ROWID;)",
    // A request that was taken up under an Idempotency-Key at `claimed` (Unix seconds), and its answer once there is
    // one. `id` and `request` are hashes: nothing tells whose request it was, or what it asked for.
    R"(CREATE TABLE claims (
         id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
         request BLOB NOT NULL CHECK (length(request) = 32),
         claimed INTEGER NOT NULL,
         status INTEGER CHECK (status BETWEEN 200 AND 599),
         headers TEXT,
         body BLOB
       ) STRICT;
       CREATE INDEX claims_by_age ON claims (claimed);)",
    // How often a vehicle was woken on a day of UTC, counted from 1970.
    R"(CREATE TABLE wakes (vin TEXT NOT NULL PRIMARY KEY, day INTEGER NOT NULL, count INTEGER NOT NULL)
       STRICT, WITHOUT ROWID;)",
    // Base URLs of Fleet API by account, a hash; vehicles without the protocol, and until when (Unix seconds) they
    // count as such; the public keys that partners' domains are registered with. Their rowids say which came last.
    R"(CREATE TABLE hosts (account BLOB NOT NULL PRIMARY KEY CHECK (length(account) = 32), base_url TEXT NOT NULL)
       STRICT;
       CREATE TABLE unsigned_vehicles (vin TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL) STRICT;
       CREATE TABLE partner_keys (domain TEXT NOT NULL PRIMARY KEY, point BLOB NOT NULL CHECK (length(point) = 65))
       STRICT;)",
    // Whom a local key was given: its public part, and a hash of its secret. Times in Unix seconds. One that is revoked
    // stays, so that no older copy of this file gives it its use again.
    R"(CREATE TABLE clients (
         id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 9),
         name TEXT NOT NULL,
         secret BLOB NOT NULL CHECK (length(secret) = 32),
         created INTEGER NOT NULL,
         expires INTEGER,
         revoked INTEGER
       ) STRICT;
       CREATE UNIQUE INDEX clients_by_name ON clients (name) WHERE revoked IS NULL;)",
    // What a caller has spent on a day of UTC, counted from 1970, in millionths of a dollar; it may be some way ahead.
    R"(CREATE TABLE spending (caller TEXT NOT NULL PRIMARY KEY, day INTEGER NOT NULL, millionths INTEGER NOT NULL)
       STRICT, WITHOUT ROWID;)",
    // The last line of the audit: its number and its hash.
    R"(CREATE TABLE audit (
         id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
         seq INTEGER NOT NULL CHECK (seq >= 0),
         hash BLOB NOT NULL CHECK (length(hash) = 32)
       ) STRICT;)",
    // The tokens of accounts that are kept here, as they are or encrypted: nonce, text and tag. Times in Unix seconds.
    // Those that were forgotten are NULL, so that no older copy of this file brings them back.
    R"(CREATE TABLE tokens (
         account TEXT NOT NULL PRIMARY KEY,
         refresh BLOB,
         access BLOB,
         expires INTEGER,
         scopes TEXT NOT NULL,
         refreshed INTEGER NOT NULL,
         login_required INTEGER NOT NULL,
         encrypted INTEGER NOT NULL
       ) STRICT, WITHOUT ROWID;)",
};

}  // namespace

std::int64_t version_of(const Database& database) {
  const bool is_empty = database.number("SELECT count(*) FROM sqlite_schema") == 0;
  return is_empty ? 0 : database.number("PRAGMA user_version");
}

std::int64_t current_version() {
  return std::int64_t{kSteps.size()};
}

Fit fit_of(const Database& database) {
  const auto version = version_of(database);
  if (version == 0) return Fit::older;
  if (database.number("PRAGMA application_id") != kApplication) return Fit::foreign;
  if (version > current_version()) return Fit::newer;
  return version == current_version() ? Fit::current : Fit::older;
}

void migrate(const Database& database) {
  Transaction transaction(database);
  for (auto step = static_cast<std::size_t>(version_of(database)); step < kSteps.size(); ++step) {
    database.run(kSteps[step]);
  }
  database.run(("PRAGMA application_id = " + std::to_string(kApplication)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(current_version())).c_str());
  transaction.commit();
}

}  // namespace fleetsign::state
