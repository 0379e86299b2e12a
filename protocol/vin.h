// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fleetsign::protocol {

/// The VIN in upper case. Nothing for anything but 17 letters and digits without I, O and Q (ISO 3779).
std::optional<std::string> read_vin(std::string_view text);

/// Whether it is Fleet API's number of a vehicle, which its paths take in place of a VIN: 1 to 20 decimal digits, as a
/// number of 64 bits has.
bool is_fleet_api_id(std::string_view text);

}  // namespace fleetsign::protocol
