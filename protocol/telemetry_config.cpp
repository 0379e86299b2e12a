// SPDX-License-Identifier: Apache-2.0
#include "protocol/telemetry_config.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/schnorr.h"
#include "protocol/json_members.h"
#include "protocol/vin.h"

namespace fleetsign::protocol {
namespace {

using Json = nlohmann::ordered_json;
using Members = std::vector<JsonMember>;

// fleet_telemetry_config_jws: what a token for any vehicle says of itself.
constexpr std::string_view kHeader = R"({"alg":"Tesla.SS256","typ":"JWT"})";
constexpr const char* kAudience = "com.tesla.fleet.TelemetryClient";

constexpr const char* kExample =
    R"(for example {"vins": ["VIN"], "config": {"hostname": "telemetry.example.com", "ca": "PEM", "fields": {}}})";

Failure bad_parameter(std::string message) {
  return {.kind = Kind::bad_parameter, .message = std::move(message), .hint = kExample};
}

Result<Members> read_members(std::string_view text, std::string_view what) {
  auto members = read_json_members(text, what);
  if (members || members.error().kind != Kind::bad_request) return members;
  auto failure = std::move(members).error();
  failure.hint = kExample;
  return failure;
}

Result<std::vector<std::string>> read_vins(const JsonMember& member) {
  const auto list = Json::parse(member.text);
  if (!list.is_array() || list.empty()) return bad_parameter("vins is not an array of at least one VIN");
  std::vector<std::string> vins;
  for (const auto& item : list) {
    auto vin = item.is_string() ? read_vin(item.get_ref<const std::string&>()) : std::nullopt;
    if (!vin) return bad_parameter("number " + std::to_string(vins.size() + 1) + " of vins is not a valid VIN");
    vins.push_back(*std::move(vin));
  }
  return vins;
}

/// What no configuration is without, and how its text begins.
struct Required {
  std::string_view name;
  char begins;
  std::string_view is;
};
constexpr std::array kRequired = {Required{"hostname", '"', "a string"}, Required{"ca", '"', "a string"},
                                  Required{"fields", '{', "an object"}};

std::optional<Failure> refuse_config(const Members& config) {
  for (const auto& [name, begins, is] : kRequired) {
    const auto* member = find_member(config, name);
    if (member == nullptr) return bad_parameter("config has no " + std::string(name));
    if (!member->text.starts_with(begins)) {
      return bad_parameter(std::string(name) + " of config is not " + std::string(is));
    }
  }
  return std::nullopt;
}

std::string claims_of(const Members& config, const crypto::PublicPoint& issuer) {
  std::string claims = "{";
  for (const auto& [name, text] : config) {
    if (name != "iss" && name != "aud") claims += Json(name).dump() + ':' + text + ',';
  }
  return claims + R"("iss":)" + Json(crypto::to_base64(issuer)).dump() + R"(,"aud":)" + Json(kAudience).dump() + '}';
}

Result<TelemetryConfig> read(const Members& body, const crypto::PublicPoint& issuer) {
  TelemetryConfig read;
  if (const auto* vins = find_member(body, "vins")) {
    auto list = read_vins(*vins);
    if (!list) return std::move(list).error();
    read.vins = *std::move(list);
  }
  const auto* config = find_member(body, "config");
  if (config == nullptr) return bad_parameter("config is missing");
  if (!config->text.starts_with('{')) return bad_parameter("config is not an object");
  const auto members = read_json_members(config->text, "config");
  if (!members) return members.error();
  if (auto refusal = refuse_config(*members)) return *std::move(refusal);
  read.claims = claims_of(*members, issuer);
  return read;
}

}  // namespace

Result<TelemetryConfig> read_telemetry_config(std::string_view body, const crypto::PublicPoint& issuer) {
  const auto members = read_members(body, "the body");
  if (!members) return members.error();
  if (find_member(*members, "vins") == nullptr) return bad_parameter("vins is missing");
  return read(*members, issuer);
}

Result<TelemetryConfig> read_telemetry_file(std::string_view content, const crypto::PublicPoint& issuer) {
  const auto members = read_members(content, "the file");
  if (!members) return members.error();
  const bool is_body = find_member(*members, "vins") != nullptr || find_member(*members, "config") != nullptr;
  if (is_body) return read(*members, issuer);
  if (auto refusal = refuse_config(*members)) return *std::move(refusal);
  return TelemetryConfig{.vins = {}, .claims = claims_of(*members, issuer)};
}

std::string sign_telemetry_claims(std::string_view claims, const crypto::PrivateKey& key) {
  const std::string signed_part =
      crypto::to_base64url(crypto::as_bytes(kHeader)) + '.' + crypto::to_base64url(crypto::as_bytes(claims));
  return signed_part + '.' + crypto::to_base64url(crypto::sign_schnorr(key, crypto::as_bytes(signed_part)));
}

std::string telemetry_request(const std::vector<std::string>& vins, const std::string& token) {
  return Json{{"vins", vins}, {"token", token}}.dump();
}

}  // namespace fleetsign::protocol
