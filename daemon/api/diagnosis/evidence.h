// SPDX-License-Identifier: Apache-2.0
// What an examination has brought to light, before anybody judges it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crypto/result.h"
#include "daemon/upstream/token.h"
#include "daemon/vehicles/client_keys.h"
#include "protocol/exchange.h"

namespace fleetsign::diagnosis {

enum class Verdict : std::uint8_t {
  ok,
  warning,  ///< commands may work all the same
  problem,
  skipped,  ///< not looked at, as something before it must be mended first
};
std::string_view to_string(Verdict verdict);

struct Finding {
  Verdict verdict = Verdict::ok;
  std::string says;         ///< in words; never a secret, a body or a VIN
  std::string advice = {};  ///< what to do; empty when there is nothing to do
};

/// Why a question has no answer.
struct Trouble {
  Finding finding;
  bool is_final = false;  ///< further questions would end in the same way
};

/// What came of a question; nothing when it was not put.
template <class T>
using Asked = std::optional<crypto::Result<T, Trouble>>;

/// Fleet API's word for the state of a vehicle (fleet_api.md, section B).
struct VehicleFacts {
  std::string state;
  std::string access_type;  ///< empty when it does not say
  bool in_service = false;
};

/// What fleet_status says of one vehicle.
struct FleetStatus {
  enum class Pairing : std::uint8_t { unknown, paired, unpaired };
  Pairing pairing = Pairing::unknown;
  std::optional<bool> protocol_required = {};
  std::string firmware = {};  ///< empty when it does not say
  std::optional<std::int64_t> keys = {};
};

struct Evidence {
  // Of this machine.
  std::string public_pem;  ///< the public half of the key that signs for the vehicle
  vehicles::KeyStage key_stage = vehicles::KeyStage::only;
  std::string key_file_trouble;  ///< why the key files would not do at the next start; empty when they would
  std::string domain;            ///< where owners pair the key; empty when it is not configured
  std::int64_t unix_now = 0;     ///< seconds, by this machine's clock
  std::optional<bool> clock_synchronised = {};   ///< nothing when the kernel does not say
  std::optional<std::int64_t> clock_ahead = {};  ///< of Fleet API's, in seconds

  // Of the caller's token.
  std::optional<upstream::TokenClaims> token = {};  ///< nothing for one that is no JWT
  std::string base_url;                             ///< where its requests go

  bool without_protocol = false;  ///< the vehicle was found not to speak the protocol, within the last day

  // What was asked.
  Asked<VehicleFacts> vehicle = {};
  Asked<FleetStatus> fleet_status = {};
  Asked<protocol::Outcome> security_ping = {};
  Asked<protocol::Outcome> infotainment_ping = {};
};

}  // namespace fleetsign::diagnosis
