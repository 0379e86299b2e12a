// SPDX-License-Identifier: Apache-2.0
// The value of `vehicles`, and what its names stand for elsewhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/entry.h"

namespace fleetsign::config {

/// As an account's name; but nothing that could be a VIN or a number, nor one that begins with "fleet_", as the words
/// do that stand in a vehicle's place in Fleet API's paths.
bool is_vehicle_name(std::string_view text);

/// A map of names to VINs or to maps {vin, account}, as only a file can have it. No two have the same VIN.
std::optional<Vehicles> read_vehicles(const Entry& entry);

/// A VIN in capital letters, or what may be a vehicle's name.
std::optional<std::string> read_vehicle(const Entry& entry);

/// A list of those, or one with commas.
std::optional<std::vector<std::string>> read_vehicle_list(const Entry& entry);

/// A path, of Fleet API or of ours, with the VIN in the place of a vehicle's name; nothing for one that has no name
/// there.
std::optional<std::string> with_vin(std::string_view path, const Vehicles& vehicles);

/// Puts VINs in the place of names in `callers` and `next_key_vehicles`, of which the latter is set at `where`; and
/// complains about names that no vehicle has.
void resolve_names(Config& config, const std::string& where, std::vector<Problem>& problems);

}  // namespace fleetsign::config
