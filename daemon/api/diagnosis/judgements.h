// SPDX-License-Identifier: Apache-2.0
// What the evidence means, in plain words. Pure: each looks at values alone.
#pragma once

#include <string>

#include "daemon/api/diagnosis/evidence.h"

namespace fleetsign::diagnosis {

Finding judge_key(const Evidence& evidence);
Finding judge_clock(const Evidence& evidence);
Finding judge_token(const Evidence& evidence);
Finding judge_vehicle(const Evidence& evidence);
Finding judge_fleet_status(const Evidence& evidence);
Finding judge_security_ping(const Evidence& evidence);
Finding judge_infotainment_ping(const Evidence& evidence);

/// Why something cannot be looked at, in words; empty when it can.
using Obstacle = std::string (*)(const Evidence&);

std::string token_has_expired(const Evidence& evidence);
std::string token_shows_no_vehicle(const Evidence& evidence);  ///< it lacks vehicle_device_data
std::string token_sends_no_command(const Evidence& evidence);  ///< it lacks both scopes for commands
std::string vehicle_is_not_known(const Evidence& evidence);    ///< Fleet API did not tell of it
std::string vehicle_is_without_protocol(const Evidence& evidence);
std::string vehicle_is_not_online(const Evidence& evidence);
std::string fleet_status_was_final(const Evidence& evidence);
std::string key_is_not_paired(const Evidence& evidence);
std::string security_ping_was_final(const Evidence& evidence);

/// SHA-256 of a public key's SubjectPublicKeyInfo, in hexadecimal, as `openssl pkey -pubin -outform DER | sha256sum`
/// has it. Empty for what is no PEM.
std::string fingerprint(const std::string& public_pem);

}  // namespace fleetsign::diagnosis
