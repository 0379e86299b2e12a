// SPDX-License-Identifier: Apache-2.0
// The session of tests/vectors/protocol.json, as types.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "protocol/session.h"
#include "tests/crypto/known_answers.h"

namespace fleetsign::protocol::test {

using crypto::test::hex;
using crypto::test::hex_array;
using crypto::test::known;

inline std::uint32_t known_number(const std::string& pointer) {
  return crypto::test::protocol_vectors().at(nlohmann::json::json_pointer(pointer)).get<std::uint32_t>();
}

/// Only what was published for the client: its key, and the VIN.
inline Parties known_parties(Domain domain = Domain::infotainment) {
  const auto client = std::make_shared<const crypto::PrivateKey>(crypto::test::key_of(known("/client_private_scalar")));
  return {.client = client, .client_point = client->public_point(), .vin = known("/vin"), .domain = domain};
}

inline std::shared_ptr<const SessionKeys> known_keys() {
  return SessionKeys::agree(*known_parties().client, hex_array<65>(known("/vehicle_public")));
}

inline Epoch known_epoch() {
  return {hex_array<16>(known("/session_info/decoded/epoch"))};
}

}  // namespace fleetsign::protocol::test
