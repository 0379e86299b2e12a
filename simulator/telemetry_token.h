// SPDX-License-Identifier: Apache-2.0
// The signed tokens of telemetry configurations, as those who receive them see them: written from the specification a
// second time, sharing nothing with who signs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/private_key.h"
#include "simulator/replies.h"

namespace fleetsign::simulator {

struct TelemetryToken {
  Json claims;
  crypto::PublicPoint issuer{};  ///< as the token says; not yet a point of the curve
  std::string signed_part;
  crypto::Bytes signature;
};

/// What Fleet API looks at: three parts, the algorithm, claims for fleets with an issuer. Nothing when it is otherwise.
std::optional<TelemetryToken> read_telemetry_token(std::string_view token);

/// What a vehicle looks at, once it knows the issuer.
bool is_signed_by_issuer(const TelemetryToken& token);

}  // namespace fleetsign::simulator
