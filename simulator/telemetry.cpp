// SPDX-License-Identifier: Apache-2.0
#include "simulator/telemetry.h"

#include <algorithm>
#include <utility>

#include "simulator/garage.h"
#include "simulator/telemetry_token.h"

namespace fleetsign::simulator {
namespace {

constexpr std::string_view kBadRequest = "invalid_request";
constexpr const char* kErrorName = "InvalidSignature";

bool is_paired(const Stall& stall) {
  return !stall.vehicle.paired_keys().empty();
}

/// Why a vehicle is left out, by the name that Fleet API has for it; empty when it is not.
std::string_view why_skipped(const Stall& stall) {
  if (stall.vehicle.signing() == Signing::unknown) return "unsupported_firmware";
  return is_paired(stall) ? "" : "missing_key";
}

/// The vehicles that a body names; none when one of them does not exist.
std::vector<Stall*> stalls_of(const Garage& garage, const Json& body) {
  std::vector<Stall*> stalls;
  const auto vins = body.is_object() ? body.value("vins", Json()) : Json();
  if (!vins.is_array()) return stalls;
  for (const auto& vin : vins) {
    Stall* const stall = vin.is_string() ? garage.find(vin.get_ref<const std::string&>()) : nullptr;
    if (stall == nullptr) return {};
    stalls.push_back(stall);
  }
  return stalls;
}

}  // namespace

void Telemetry::configure(std::string text, const TelemetryToken& token,
                          const std::vector<crypto::PublicPoint>& known) {
  Report report{.token = std::move(text), .claims = token.claims};
  if (std::ranges::find(known, token.issuer) == known.end()) {
    report.error = "InvalidSignature: unknown issuer";
  } else if (!is_signed_by_issuer(token)) {
    report.error = "InvalidSignature: verification failed";
  }
  const std::lock_guard lock(mutex_);
  report_ = std::move(report);
}

bool Telemetry::remove() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(report_, {}).token.empty();
}

Telemetry::Report Telemetry::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

http::Reply configure_telemetry(Garage& garage, const http::Request& request) {
  const auto body = json_body(request);
  if (!body) return error_reply(406, usual_error(406));
  const auto stalls = stalls_of(garage, *body);
  if (stalls.empty()) return error_reply(400, kBadRequest, "vins must be an array of vehicles");
  const auto text = body->value("token", Json());
  const auto token = text.is_string() ? read_telemetry_token(text.get_ref<const std::string&>()) : std::nullopt;
  if (!token) return error_reply(400, kBadRequest, "token is not a signed telemetry configuration");

  // The signature is not looked at here: Fleet API takes what a vehicle then refuses (fleet_api.md, F.4).
  int updated = 0;
  Json skipped{{"missing_key", Json::array()},
               {"unsupported_hardware", Json::array()},
               {"unsupported_firmware", Json::array()},
               {"max_configs", Json::array()}};
  for (Stall* const stall : stalls) {
    if (const auto reason = why_skipped(*stall); !reason.empty()) {
      skipped[std::string(reason)].push_back(stall->vehicle.vin());
      continue;
    }
    stall->telemetry.configure(text.get<std::string>(), *token, stall->vehicle.paired_keys());
    ++updated;
  }
  return json_reply(200, {{"response", {{"updated_vehicles", updated}, {"skipped_vehicles", std::move(skipped)}}}});
}

http::Reply refuse_unsigned_telemetry() {
  return error_reply(400, "this endpoint must be called through the Vehicle Command HTTP Proxy");
}

http::Reply telemetry_config_of(const Stall& stall) {
  const auto report = stall.telemetry.report();
  const bool is_synced = !report.token.empty() && report.error.empty() && stall.vehicle.power() == Power::online;
  return json_reply(200, {{"response",
                           {{"synced", is_synced},
                            {"config", report.claims},
                            {"limit_reached", false},
                            {"key_paired", is_paired(stall)}}}});
}

http::Reply remove_telemetry_config(Stall& stall) {
  return json_reply(200, {{"response", {{"updated_vehicles", stall.telemetry.remove() ? 1 : 0}}}});
}

http::Reply telemetry_errors_of(const Stall& stall) {
  Json errors = Json::array();
  if (const auto report = stall.telemetry.report(); !report.error.empty()) {
    errors.push_back({{"name", "simulated-client"},
                      {"error", report.error},
                      {"error_name", kErrorName},
                      {"vin", stall.vehicle.vin()}});
  }
  return json_reply(200, {{"response", {{"fleet_telemetry_errors", std::move(errors)}}}});
}

Json telemetry_json(const Telemetry& telemetry) {
  const auto report = telemetry.report();
  if (report.token.empty()) return nullptr;
  return {{"token", report.token}, {"claims", report.claims}, {"error", report.error}};
}

}  // namespace fleetsign::simulator
