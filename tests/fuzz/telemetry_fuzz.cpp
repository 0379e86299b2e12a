// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body of a telemetry configuration: refused in words fit to print, or claims that are JSON, whose
// issuer and audience are ours and there once.
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "crypto/bytes.h"
#include "protocol/telemetry_config.h"
#include "tests/support/fuzz.h"

namespace protocol = fleetsign::protocol;
namespace crypto = fleetsign::crypto;
using nlohmann::json;

namespace {

bool is_printable(std::string_view text) {
  return !text.empty() && text.size() < 1000 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// The claims, of which no member may come twice.
json parse_strictly(const std::string& claims) {
  std::multiset<std::string> names;
  auto parsed = json::parse(claims, [&](int depth, json::parse_event_t event, const json& value) {
    if (depth == 1 && event == json::parse_event_t::key) names.insert(value.get<std::string>());
    return true;
  });
  if (names.size() != parsed.size()) std::abort();
  return parsed;
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  const crypto::PublicPoint issuer{0x04};
  const auto body = crypto::as_text(input);
  const auto config = protocol::read_telemetry_config(body, issuer);
  if (!config) {
    if (!is_printable(config.error().message)) std::abort();
    return;
  }
  auto claims = parse_strictly(config->claims);
  if (claims.at("iss") != crypto::to_base64(issuer) || claims.at("aud") != "com.tesla.fleet.TelemetryClient") {
    std::abort();
  }
  auto given = json::parse(body).at("config");
  for (const char* const ours : {"iss", "aud"}) {
    claims.erase(ours);
    given.erase(ours);
  }
  if (config->vins.empty() || claims != given) std::abort();
}
