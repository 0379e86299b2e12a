// SPDX-License-Identifier: Apache-2.0
// What a token says of itself. Nothing of it is verified here: Fleet API does that.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace fleetsign::upstream {

/// The claims of a JWT (RFC 7519): an object, or null for a token that is none.
nlohmann::json claims_of(std::string_view token);

/// Whose token it is, hashed so that it gives nothing away: the issuer and the subject that it names, so that a token
/// which replaces an expired one is of the same account; else the token itself. Nothing in it is verified.
crypto::Sha256Digest account_of(std::string_view token);

struct TokenClaims {
  std::optional<std::int64_t> expires_at;                    ///< Unix seconds, from 0
  std::optional<std::set<std::string, std::less<>>> scopes;  ///< absent: it does not say
};

/// Nothing for a token that is no JWT. A claim of another type than it should have is taken as absent.
std::optional<TokenClaims> read_token(std::string_view token);

}  // namespace fleetsign::upstream
