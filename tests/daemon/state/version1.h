// SPDX-License-Identifier: Apache-2.0
// A file of version 1, as such a file would be found. Not made of the schema's own text, which it is there to check.
#pragma once

namespace fleetsign::state::test {

inline constexpr const char* kVersion1 = R"(
  CREATE TABLE sessions (client BLOB NOT NULL, vin TEXT NOT NULL, domain INTEGER NOT NULL, vehicle BLOB NOT NULL,
    epoch BLOB, counter INTEGER NOT NULL, last_clock INTEGER NOT NULL, clock INTEGER NOT NULL, boot_id TEXT NOT NULL,
    boot_ns INTEGER NOT NULL, wall_ms INTEGER, encrypted INTEGER NOT NULL, PRIMARY KEY (client, vin, domain))
    STRICT, WITHOUT ROWID;
  INSERT INTO sessions VALUES (zeroblob(65), 'A', 3, zeroblob(65), zeroblob(16), 7, 1, 1, 'b', 1, NULL, 0);
  PRAGMA application_id = 1718839150; PRAGMA user_version = 1;)";

}  // namespace fleetsign::state::test
