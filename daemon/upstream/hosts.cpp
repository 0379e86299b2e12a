// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/hosts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "config/url.h"
#include "daemon/upstream/token.h"

namespace fleetsign::upstream {
namespace {

constexpr std::array<std::string_view, 3> kTeslaDomains = {".tesla.com", ".tesla.cn", ".teslamotors.com"};
constexpr std::string_view kScheme = "https://";

/// The host of an audience that is a Fleet API base URL; empty for any other.
std::string_view fleet_api_host(std::string_view audience) {
  if (!audience.starts_with(kScheme)) return {};
  const auto host = audience.substr(kScheme.size(), audience.find('/', kScheme.size()) - kScheme.size());
  return host.starts_with("fleet-api.") && is_tesla_host(host) ? host : std::string_view{};
}

std::string region_of(const nlohmann::json& claims) {
  const auto code = claims.find("ou_code");
  if (code == claims.end() || !code->is_string()) return {};
  std::string region = code->get<std::string>();
  std::ranges::transform(region, region.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return region;
}

}  // namespace

bool is_tesla_host(std::string_view host) {
  return config::is_host_name(host) &&
         std::ranges::any_of(kTeslaDomains, [&](std::string_view domain) { return host.ends_with(domain); });
}

std::optional<std::string> base_url_in_token(std::string_view token) {
  const auto claims = claims_of(token);
  if (claims.is_null()) return std::nullopt;
  const auto claim = claims.find("aud");
  if (claim == claims.end()) return std::nullopt;
  // RFC 7519 section 4.1.3: one audience may stand alone.
  const auto audiences = claim->is_array() ? *claim : nlohmann::json::array({*claim});
  const std::string region = region_of(claims);

  std::optional<std::string> found;
  for (const auto& audience : audiences) {
    if (!audience.is_string()) continue;
    const auto host = fleet_api_host(audience.get_ref<const std::string&>());
    if (host.empty()) continue;
    found = std::string(kScheme) + std::string(host);
    if (!region.empty() && host.find('.' + region + '.') != std::string_view::npos) break;
  }
  return found;
}

}  // namespace fleetsign::upstream
