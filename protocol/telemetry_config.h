// SPDX-License-Identifier: Apache-2.0
// Configurations of Fleet Telemetry: what a caller asks for, and the signed token that Fleet API hands to vehicles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/private_key.h"
#include "protocol/failure.h"

namespace fleetsign::protocol {

struct TelemetryConfig {
  std::vector<std::string> vins;  ///< in upper case, in the order of the request
  /// A JSON object: the members of `config` as they were written, then `iss`, which is the public key, and `aud`. These
  /// two are never the caller's.
  std::string claims;
};

/// From the body of a POST …/fleet_telemetry_config: `vins`, at least one, and the object `config`, which has at least
/// `hostname`, `ca` and `fields`. Members beside the two are ignored, as nothing of them would reach Fleet API. Fails
/// as read_json_members() does, and with bad_parameter.
Result<TelemetryConfig> read_telemetry_config(std::string_view body, const crypto::PublicPoint& issuer);

/// The same from a file, which may be without `vins`, or hold nothing but the inside of `config`: an object that has
/// neither of the two names. There are then no VINs.
Result<TelemetryConfig> read_telemetry_file(std::string_view content, const crypto::PublicPoint& issuer);

/// The token: a JWS in compact form (RFC 7515 section 3.1) whose algorithm is Tesla.SS256. `key` is the issuer's. The
/// same claims always make the same token.
std::string sign_telemetry_claims(std::string_view claims, const crypto::PrivateKey& key);

/// The body of a POST …/fleet_telemetry_config_jws.
std::string telemetry_request(const std::vector<std::string>& vins, const std::string& token);

}  // namespace fleetsign::protocol
