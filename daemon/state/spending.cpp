// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/spending.h"

#include <algorithm>

namespace fleetsign::state {

std::optional<std::uint64_t> Spending::spent(const std::string& caller, std::int64_t day) const {
  std::int64_t found = 0;
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare("SELECT millionths FROM spending WHERE caller = ? AND day = ?");
    row.bind(caller).bind(day);
    if (row.step()) found = row.integer(0);
  });
  return was_read ? std::optional(static_cast<std::uint64_t>(std::max<std::int64_t>(found, 0))) : std::nullopt;
}

bool Spending::keep(const std::string& caller, std::int64_t day, std::uint64_t millionths) {
  return store_.write([&](const Database& database) {
    database
        .prepare(
            // Never less than was kept before: two may keep something at once.
            "INSERT INTO spending (caller, day, millionths) VALUES (?, ?, ?)"
            " ON CONFLICT (caller) DO UPDATE SET day = excluded.day,"
            " millionths = CASE WHEN day = excluded.day THEN max(millionths, excluded.millionths)"
            " ELSE excluded.millionths END")
        .bind(caller)
        .bind(day)
        .bind(static_cast<std::int64_t>(millionths))
        .run();
  });
}

}  // namespace fleetsign::state
