// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/wakes.h"

#include <algorithm>

namespace fleetsign::state {

std::size_t Wakes::count(const std::string& vin, std::int64_t day) const {
  std::int64_t found = 0;
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare("SELECT count FROM wakes WHERE vin = ? AND day = ?");
    row.bind(vin).bind(day);
    if (row.step()) found = row.integer(0);
  });
  return was_read ? static_cast<std::size_t>(std::max<std::int64_t>(found, 0)) : 0;
}

bool Wakes::keep(const std::string& vin, std::int64_t day, std::size_t count) {
  return store_.write([&](const Database& database) {
    database.prepare("DELETE FROM wakes WHERE day <> ?").bind(day).run();
    database
        .prepare(
            "INSERT OR REPLACE INTO wakes (vin, day, count) SELECT ?, ?, ? "
            "WHERE (SELECT count(*) FROM wakes WHERE vin <> ?) < ?")
        .bind(vin)
        .bind(day)
        .bind(static_cast<std::int64_t>(count))
        .bind(vin)
        .bind(kCapacity)
        .run();
  });
}

}  // namespace fleetsign::state
