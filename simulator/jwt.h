// SPDX-License-Identifier: Apache-2.0
// Tokens in the form of JWTs (RFC 7519), as clients read them. Nobody can verify their signatures.
#pragma once

#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "simulator/replies.h"

namespace fleetsign::simulator {

/// Who issues them, as Fleet API's tokens say it.
inline constexpr std::string_view kTokenIssuer = "https://fleet-auth.tesla.com/oauth2/v3/nts";
/// The audience that every access token names beside Fleet API.
inline constexpr std::string_view kUserInfo = "https://fleet-auth.tesla.com/oauth2/v3/userinfo";

std::string make_jwt(const Json& claims, crypto::ByteView signature);

}  // namespace fleetsign::simulator
