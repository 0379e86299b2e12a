// SPDX-License-Identifier: Apache-2.0
// Whatever is read as an address or a part of one: the target of a request, where to listen, where to send. The first
// line is taken as each of them; what one reader lets through must hold for the next.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "config/url.h"
#include "daemon/api/path_rules.h"
#include "daemon/api/request.h"
#include "daemon/api/routes.h"
#include "daemon/http/bound_endpoint.h"
#include "daemon/http/path.h"
#include "daemon/upstream/hosts.h"
#include "daemon/upstream/url_rules.h"
#include "tests/support/fuzz.h"

namespace {

using namespace fleetsign;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_target(const std::string& target) {
  const std::string written = target.substr(0, target.find('?'));
  const std::string query = written.size() < target.size() ? target.substr(written.size() + 1) : "";
  const std::string path = http::canonical_path(written);
  require(http::canonical_path(path) == path);
  api::has_parameter(query, "wake");
  if (api::refuse_path(path)) return;
  const auto segments = api::segments_of(path);
  require(std::ranges::none_of(segments, [](std::string_view s) { return s == "." || s == ".."; }));
  constexpr std::array<std::string_view, 3> kPatterns = {"/health", "/api/1/vehicles/{vin}/command/{name}", "/api/1/*"};
  for (const std::string_view pattern : kPatterns) {
    api::Captures captures;
    if (!api::matches(pattern, path, captures)) continue;
    require(path.starts_with(pattern.substr(0, pattern.find_first_of("{*"))));
    for (const std::string_view capture : captures)
      require(!capture.empty() && capture.find('/') == std::string_view::npos);
  }
}

void check_vin(const std::string& text) {
  const auto vin = api::parse_vin(text);
  require(!vin || !api::refuse_path("/" + *vin));
}

/// Written in one spelling, an origin is the same origin.
void check_origin(const std::string& text) {
  const auto parsed = config::parse_origin(text);
  const auto* origin = std::get_if<config::Origin>(&parsed);
  if (origin == nullptr) return;
  const std::string spelt = config::to_text(*origin);
  const auto again = config::parse_origin(spelt);
  require(std::holds_alternative<config::Origin>(again));
  require(config::to_text(std::get<config::Origin>(again)) == spelt);
}

/// Where a token may go: over TLS, or not beyond this machine.
void check_upstream(const std::string& url) {
  const auto target = upstream::judge_url(url);
  require(!target.ok() || target->tls || target->loopback);
  upstream::is_tesla_host(url);
}

void check_token(const std::string& token) {
  const auto base_url = upstream::base_url_in_token(token);
  if (!base_url) return;
  const auto parsed = config::parse_origin(*base_url);
  const auto* origin = std::get_if<config::Origin>(&parsed);
  require(origin != nullptr && origin->scheme == "https" && upstream::is_tesla_host(origin->host));
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  const std::string text(input.begin(), input.end());
  check_target(text);
  check_vin(text);
  check_origin(text);
  check_upstream(text);
  check_token(text);
  [[maybe_unused]] const auto endpoint = http::parse_endpoint(text);
}
