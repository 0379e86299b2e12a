// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/unsigned_vehicles.h"

namespace fleetsign::state {

std::vector<UnsignedVehicle> UnsignedVehicles::all() const {
  std::vector<UnsignedVehicle> found;
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare("SELECT vin, until FROM unsigned_vehicles ORDER BY rowid");
    while (row.step()) found.push_back({.vin = row.text(0), .until = row.integer(1)});
  });
  return was_read ? found : std::vector<UnsignedVehicle>();
}

bool UnsignedVehicles::keep(const UnsignedVehicle& vehicle) {
  return store_.write([&](const Database& database) {
    database.prepare("INSERT OR REPLACE INTO unsigned_vehicles (vin, until) VALUES (?, ?)")
        .bind(vehicle.vin)
        .bind(vehicle.until)
        .run();
    keep_latest(database, "unsigned_vehicles", capacity_);
  });
}

bool UnsignedVehicles::erase(const std::string& vin) {
  return store_.write([&](const Database& database) {
    database.prepare("DELETE FROM unsigned_vehicles WHERE vin = ?").bind(vin).run();
  });
}

}  // namespace fleetsign::state
