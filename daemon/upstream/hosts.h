// SPDX-License-Identifier: Apache-2.0
// Which Fleet API host a request goes to: the configured one, else the one that was learned for its account, else the
// one that the token names, else North America's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/message.h"

namespace fleetsign::upstream {

inline constexpr std::string_view kNorthAmerica = "https://fleet-api.prd.na.vn.cloud.tesla.com";
inline constexpr std::string_view kEurope = "https://fleet-api.prd.eu.vn.cloud.tesla.com";
inline constexpr std::string_view kChina = "https://fleet-api.prd.cn.vn.cloud.tesla.cn";

/// The base URL among the token's audiences (claim `aud`) that fits its region (claim `ou_code`), else the last one
/// that is a Fleet API host. Nothing for a token that is no JWT or names none. Nothing in it is verified: Fleet API
/// does that, and only Tesla's own hosts are ever returned.
std::optional<std::string> base_url_in_token(std::string_view token);

/// The base URL that a 421 names, in words or in `Alt-Svc` (RFC 7838). Nothing when it names none, or something other
/// than https and a Fleet API host of Tesla's, at the usual port.
std::optional<std::string> base_url_in_redirect(const http::Headers& headers, std::string_view body);

/// Whether it is https:// and a Fleet API host of Tesla's, and nothing else.
bool is_fleet_api_url(std::string_view url);

/// Whether a host (without port) is Tesla's: below tesla.com, tesla.cn or teslamotors.com.
bool is_tesla_host(std::string_view host);

}  // namespace fleetsign::upstream
