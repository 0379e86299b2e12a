// SPDX-License-Identifier: Apache-2.0
// Fleet API's answers to the questions of an examination, read as values. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/api/diagnosis/evidence.h"
#include "daemon/upstream/client.h"
#include "protocol/failure.h"

namespace fleetsign::diagnosis {

/// The answer to GET /api/1/vehicles/{vin}.
crypto::Result<VehicleFacts, Trouble> read_vehicle(const upstream::Answer& answer);

/// The answer to POST /api/1/vehicles/fleet_status about this vehicle alone.
crypto::Result<FleetStatus, Trouble> read_fleet_status(const upstream::Answer& answer, std::string_view vin);

/// A status with which Fleet API refused something, in words.
Trouble trouble_of_status(int status, std::string_view body);

/// How to pair the key that signs for a vehicle. `domain` is where owners do that, or empty.
std::string pairing_advice(const std::string& domain, vehicles::KeyStage stage);

/// A command that failed on its way or in the vehicle. `advice` is how to pair the key.
Trouble trouble_of_command(const protocol::Failure& failure, const std::string& advice);

/// Unix seconds of a `Date` header (RFC 9110 section 5.6.7); nothing for what is not in the form of today.
std::optional<std::int64_t> parse_http_date(const std::string& text);

}  // namespace fleetsign::diagnosis
