// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/hosts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "config/url.h"
#include "daemon/http/syntax.h"
#include "daemon/upstream/token.h"
#include "protocol/text.h"

namespace fleetsign::upstream {
namespace {

constexpr std::array<std::string_view, 3> kTeslaDomains = {".tesla.com", ".tesla.cn", ".teslamotors.com"};
constexpr std::string_view kScheme = "https://";

constexpr std::string_view kUsualPort = ":443";

bool is_fleet_api_host(std::string_view host) {
  return host.starts_with("fleet-api.") && is_tesla_host(host);
}

/// The host of a URL that is a Fleet API base URL; empty for any other.
std::string_view fleet_api_host(std::string_view url) {
  if (!url.starts_with(kScheme)) return {};
  const auto host = url.substr(kScheme.size(), url.find('/', kScheme.size()) - kScheme.size());
  return is_fleet_api_host(host) ? host : std::string_view{};
}

/// The host that the words of a 421 name.
std::string_view host_in_words(std::string_view body) {
  const auto url = protocol::behind(body, protocol::Phrase::other_region);
  return fleet_api_host(url.substr(0, url.find_first_of(" ,;\"\\\t\r\n")));
}

/// The host of one alternative, as RFC 7838 section 3 has it, `h2="HOST:443"`, or as Fleet API does: `h2=https://HOST`.
std::string_view host_of_alternative(std::string_view alternative) {
  const auto equals = alternative.find('=');
  if (equals == std::string_view::npos || http::trim(alternative.substr(0, equals)) != "h2") return {};
  auto authority = alternative.substr(equals + 1);
  authority = http::trim(authority.substr(0, authority.find(';')));
  if (authority.size() >= 2 && authority.starts_with('"') && authority.ends_with('"')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  if (authority.starts_with(kScheme)) authority.remove_prefix(kScheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.ends_with(kUsualPort)) authority.remove_suffix(kUsualPort.size());
  return is_fleet_api_host(authority) ? authority : std::string_view{};
}

std::string_view host_in_alternatives(const http::Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!http::equal_ignoring_case(name, "Alt-Svc")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto end = std::min(rest.find(','), rest.size());
      if (const auto host = host_of_alternative(rest.substr(0, end)); !host.empty()) return host;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
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

bool is_fleet_api_url(std::string_view url) {
  return url.starts_with(kScheme) && is_fleet_api_host(url.substr(kScheme.size()));
}

std::optional<std::string> base_url_in_redirect(const http::Headers& headers, std::string_view body) {
  auto host = host_in_words(body);
  if (host.empty()) host = host_in_alternatives(headers);
  if (host.empty()) return std::nullopt;
  return std::string(kScheme) + std::string(host);
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
