// SPDX-License-Identifier: Apache-2.0
// Telemetry configurations, which Fleet API takes signed only; and what it tells of the key that they are signed with.
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/api/api.h"
#include "daemon/api/registration.h"
#include "daemon/api/request.h"
#include "protocol/telemetry_config.h"

namespace fleetsign::api {
namespace {

constexpr const char* kName = "fleet_telemetry_config";
constexpr const char* kPath = "/api/1/vehicles/fleet_telemetry_config";
constexpr const char* kSignedPath = "/api/1/vehicles/fleet_telemetry_config_jws";

protocol::Failure mixed_keys() {
  return {.kind = protocol::Kind::bad_parameter,
          .message = "vins has vehicles of two keys, and a configuration is signed with one",
          .hint = "send one request for those of them that `next_key_vehicles` lists, and one for the others"};
}

nlohmann::ordered_json describe(const protocol::TelemetryConfig& config, const std::string& target) {
  return {{"goes_to", "fleet_api"},
          {"method", "POST"},
          {"target", target},
          {"vins", config.vins},
          {"claims", nlohmann::json::parse(config.claims)}};
}

/// The request that goes out in place of the caller's: with another body, which is JSON and not compressed.
http::Request with_body(http::Request request, std::string body) {
  request.headers.remove("Content-Encoding");
  request.headers.set("Content-Type", "application/json");
  request.body = std::move(body);
  return request;
}

}  // namespace

http::Reply Api::telemetry_config(const Context& context) const {
  auto reply = configure_telemetry(context);
  if (const auto warning = parts_.registration.warning()) reply.headers.set("Fleetsign-Warning", *warning);
  return reply;
}

http::Reply Api::configure_telemetry(const Context& context) const {
  const auto key = idempotency_key_of(context.request);
  if (!key) return render(key.error(), context.footer);
  const auto dry_run = flag_in(context.request.query, kDryRun);
  if (!dry_run) return render(dry_run.error(), context.footer);
  auto config = protocol::read_telemetry_config(context.request.body, parts_.keys.usual()->public_point());
  if (!config) return render(config.error(), context.footer);
  if (const auto refusal = refuse_vehicles(context, config->vins)) return render(*refusal, context.footer);
  const auto signer = parts_.keys.of_all(config->vins);
  if (!signer) return render(mixed_keys(), context.footer);
  if (signer != parts_.keys.usual()) {
    config = protocol::read_telemetry_config(context.request.body, signer->public_point());
  }
  const auto query = without_parameter(context.request.query, kDryRun);
  const Plan plan{.vin = {}, .name = kName, .path = kPath, .payload = {}, .target = with_query(kSignedPath, query)};
  if (*dry_run) return render_dry_run(describe(*config, plan.target), context.footer);

  const auto token = protocol::sign_telemetry_claims(config->claims, *signer);
  const auto request = with_body(context.request, protocol::telemetry_request(config->vins, token));
  const auto run = [&] {
    return deliver({.request = request,
                    .captures = {},
                    .caller = context.caller,
                    .footer = context.footer,
                    .deadline = context.deadline},
                   plan);
  };
  if (!*key) return run().reply;
  return parts_.idempotency.once(claim_of(context.request, context.caller, **key, plan.path, plan.target),
                                 {.deadline = context.deadline, .caller_gone = request.caller_gone}, context.footer,
                                 run);
}

http::Reply Api::partner_account(const Context& context) const {
  const auto& method = context.request.method;
  if (method != "GET" && method != "POST") return pass_through(context);
  if (auto refusal = refuse_dry_run(context)) return *std::move(refusal);
  auto reply = deliver(context, {.vin = {}, .name = "-", .payload = {}, .target = context.request.target}).reply;
  parts_.registration.watch(context.request, reply);
  return reply;
}

}  // namespace fleetsign::api
