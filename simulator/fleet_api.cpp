// SPDX-License-Identifier: Apache-2.0
#include "simulator/fleet_api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "crypto/bytes.h"
#include "simulator/form.h"
#include "simulator/partner_endpoints.h"
#include "simulator/replies.h"
#include "simulator/routes.h"
#include "simulator/telemetry.h"
#include "simulator/vehicle_json.h"

namespace fleetsign::simulator {
namespace {

constexpr std::string_view kBadRequest = "invalid_request";
constexpr std::string_view kSignatureRequired =
    "Tesla Vehicle Command Protocol required, please refer to the documentation here: "
    "https://developer.tesla.com/docs/fleet-api/virtual-keys/developer-guide";
constexpr std::size_t kDefaultPerPage = 100;

// fleet_api.md, section E: one that encrypts its replies; and one from before signed commands.
constexpr std::string_view kFirmware = "2024.44.1";
constexpr std::string_view kOldFirmware = "2022.44.30";

// commands.md: what vehicles take without a signature, as Fleet API itself has work to do for it.
constexpr std::array<std::string_view, 13> kUnsignedCommands{
    "navigation_request",
    "navigation_gps_request",
    "navigation_sc_request",
    "navigation_waypoints_request",
    "share",
    "remote_boombox",
    "upcoming_calendar_entries",
    "take_drivenote",
    "remote_auto_steering_wheel_heat_climate_request",
    "remote_steering_wheel_heat_level_request",
    "set_managed_charge_current_request",
    "set_managed_charger_location",
    "set_managed_scheduled_charging_time",
};

/// A request that has found its endpoint.
struct Call {
  Garage& garage;
  const http::Request& request;
  Stall* stall;              ///< null where the path names no vehicle
  std::string_view command;  ///< empty where the path names none
};

/// A number from 1, or the fallback when there is none.
std::size_t query_number(std::string_view query, std::string_view name, std::size_t fallback) {
  const auto text = form_value(query, name);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number > 0 ? number : fallback;
}

http::Reply list_vehicles(const Call& call) {
  const auto& stalls = call.garage.stalls();
  const auto page = query_number(call.request.query, "page", 1);
  const auto per_page = query_number(call.request.query, "per_page", kDefaultPerPage);
  const auto pages = (stalls.size() + per_page - 1) / per_page;
  Json items = Json::array();
  for (auto i = (page - 1) * per_page; i < stalls.size() && items.size() < per_page; ++i) {
    items.push_back(vehicle_summary(*stalls[i], stalls[i]->vehicle.power()));
  }
  const auto count = items.size();
  return json_reply(200, {{"response", std::move(items)},
                          {"pagination",
                           {{"previous", page > 1 ? Json(page - 1) : Json(nullptr)},
                            {"next", page < pages ? Json(page + 1) : Json(nullptr)},
                            {"current", page},
                            {"per_page", per_page},
                            {"count", stalls.size()},
                            {"pages", pages}}},
                          {"count", count}});
}

/// As for Fleet API, which asks for the key that the app has registered; before it has, any will do.
bool has_key_of_app(const std::vector<crypto::PublicPoint>& keys,
                    const std::optional<crypto::PublicPoint>& registered) {
  return registered ? std::ranges::find(keys, *registered) != keys.end() : !keys.empty();
}

http::Reply fleet_status(const Call& call) {
  const auto body = json_body(call.request);
  if (!body) return error_reply(406, usual_error(406));
  const auto vins = body->is_object() ? body->find("vins") : body->end();
  if (vins == body->end() || !vins->is_array()) return error_reply(400, kBadRequest, "vins must be an array");

  const auto& authority = call.garage.authority();
  const auto registered = authority.accounts.key_of(authority.client_of(call.request, call.garage.unix_time()));
  Json paired = Json::array();
  Json unpaired = Json::array();
  Json info = Json::object();
  for (const auto& vin : *vins) {
    const Stall* const stall = vin.is_string() ? call.garage.find(vin.get_ref<const std::string&>()) : nullptr;
    if (stall == nullptr) continue;
    const auto& vehicle = stall->vehicle;
    const auto keys = vehicle.paired_keys();
    const bool signs = vehicle.signing() == Signing::required;
    (has_key_of_app(keys, registered) ? paired : unpaired).push_back(vehicle.vin());
    info[vehicle.vin()] = {{"firmware_version", signs ? kFirmware : kOldFirmware},
                           {"vehicle_command_protocol_required", signs},
                           {"discounted_device_data", false},
                           {"fleet_telemetry_version", "1.0.0"},
                           {"total_number_of_keys", keys.size()},
                           {"safety_screen_streaming_toggle_enabled", nullptr}};
  }
  return json_reply(200, {{"response",
                           {{"key_paired_vins", std::move(paired)},
                            {"unpaired_vins", std::move(unpaired)},
                            {"vehicle_info", std::move(info)}}}});
}

/// Lets a request go its way through whatever has been ordered for such a one. An order that concerns the vehicle's
/// side is left to `deliver`.
http::Reply deliver_as(Errand errand, const Call& call,
                       const std::function<http::Reply(const std::optional<FaultOrder>&)>& deliver) {
  auto& faults = call.stall->faults;
  const auto order = faults.take(errand);
  const auto* const act = order ? std::get_if<ActOnRequest>(&order->fault->act) : nullptr;
  if (act == nullptr) return deliver(order);
  const Deliver onwards = [&] { return deliver(order); };
  return (*act)(*order, onwards, faults);
}

http::Reply get_vehicle(const Call& call) {
  return deliver_as(Errand::other, call, [&](const auto&) {
    return json_reply(200, {{"response", vehicle_summary(*call.stall, call.stall->vehicle.power())}});
  });
}

http::Reply get_vehicle_data(const Call& call) {
  return deliver_as(Errand::other, call, [&](const auto&) {
    const auto power = call.stall->vehicle.power();
    if (power != Power::online) return error_reply(408, usual_error(408));
    auto response = vehicle_after_wake(*call.stall, power);
    response.update(
        vehicle_data(call.stall->vehicle.car(), call.garage.unix_time(), form_value(call.request.query, "endpoints")));
    return json_reply(200, {{"response", std::move(response)}});
  });
}

http::Reply wake_up(const Call& call) {
  return deliver_as(Errand::other, call, [&](const auto&) {
    call.stall->vehicle.wake();
    return json_reply(200, {{"response", vehicle_after_wake(*call.stall, call.stall->vehicle.power())}});
  });
}

/// An envelope, or what is wrong with the request that should hold one.
crypto::Result<Message, http::Reply> envelope_of(const http::Request& request) {
  const auto body = json_body(request);
  if (!body) return error_reply(406, usual_error(406));
  const auto field = body->is_object() ? body->find("routable_message") : body->end();
  if (field == body->end() || !field->is_string()) {
    return error_reply(400, kBadRequest, "routable_message must be a string");
  }
  const auto bytes = crypto::parse_base64(field->get_ref<const std::string&>());
  if (!bytes) return error_reply(400, kBadRequest, "routable_message is not base64");
  Message message;
  if (!message.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return error_reply(400, kBadRequest, "routable_message is not a RoutableMessage");
  }
  // fleet_api.md, D.5: Fleet API must see the action to hold it against the token's scopes.
  if (message.signature_data().has_aes_gcm_personalized_data()) {
    return error_reply(400, kBadRequest, "encrypted commands are not accepted");
  }
  return message;
}

http::Reply signed_command(const Call& call) {
  const auto envelope = envelope_of(call.request);
  if (!envelope) return envelope.error();

  auto& vehicle = call.stall->vehicle;
  const auto errand = envelope->has_session_info_request() ? Errand::handshake : Errand::signed_command;
  return deliver_as(errand, call, [&](const std::optional<FaultOrder>& order) {
    if (vehicle.signing() == Signing::unknown) return error_reply(422, usual_error(422));
    if (vehicle.power() != Power::online) return error_reply(408, usual_error(408));
    const auto* const act = order ? std::get_if<ActOnMessage>(&order->fault->act) : nullptr;
    const Message reply = act != nullptr ? (*act)(*order, vehicle, *envelope) : vehicle.receive(*envelope);
    return json_reply(200, {{"response", crypto::to_base64(crypto::as_bytes(reply.SerializeAsString()))}});
  });
}

http::Reply unsigned_command(const Call& call) {
  return deliver_as(Errand::unsigned_command, call, [&](const auto&) {
    auto& vehicle = call.stall->vehicle;
    const bool taken =
        vehicle.signing() == Signing::unknown ||
        std::find(kUnsignedCommands.begin(), kUnsignedCommands.end(), call.command) != kUnsignedCommands.end();
    if (!taken) return error_reply(403, kSignatureRequired);
    if (!call.request.body.empty() && !json_body(call.request)) return error_reply(406, usual_error(406));
    if (vehicle.power() != Power::online) return error_reply(408, usual_error(408));
    vehicle.receive_unsigned({.name = std::string(call.command), .body = call.request.body});
    return json_reply(200, {{"response", {{"result", true}, {"reason", ""}}}});
  });
}

http::Reply post_telemetry_config(const Call&) {
  return refuse_unsigned_telemetry();
}

http::Reply post_telemetry_config_jws(const Call& call) {
  return configure_telemetry(call.garage, call.request);
}

http::Reply get_telemetry_config(const Call& call) {
  return deliver_as(Errand::other, call, [&](const auto&) { return telemetry_config_of(*call.stall); });
}

http::Reply delete_telemetry_config(const Call& call) {
  return deliver_as(Errand::other, call, [&](const auto&) { return remove_telemetry_config(*call.stall); });
}

http::Reply get_telemetry_errors(const Call& call) {
  return deliver_as(Errand::other, call, [&](const auto&) { return telemetry_errors_of(*call.stall); });
}

http::Reply post_partner_account(const Call& call) {
  return register_partner(call.garage, call.request);
}

http::Reply get_partner_public_key(const Call& call) {
  return partner_public_key(call.garage, call.request);
}

http::Reply status(const Call&) {
  return {.headers = {{"Content-Type", "text/plain"}}, .body = "ok"};
}

enum class Token { needed, unneeded };

struct Route {
  Endpoint endpoint;
  Token token;
  std::string_view method;
  std::string_view pattern;
  http::Reply (*answer)(const Call&);
};

constexpr Route kRoutes[] = {
    {Endpoint::status, Token::unneeded, "GET", "/status", status},
    {Endpoint::vehicles, Token::needed, "GET", "/api/1/vehicles", list_vehicles},
    {Endpoint::fleet_status, Token::needed, "POST", "/api/1/vehicles/fleet_status", fleet_status},
    {Endpoint::telemetry_config, Token::needed, "POST", "/api/1/vehicles/fleet_telemetry_config",
     post_telemetry_config},
    {Endpoint::telemetry_config_jws, Token::needed, "POST", "/api/1/vehicles/fleet_telemetry_config_jws",
     post_telemetry_config_jws},
    {Endpoint::vehicle, Token::needed, "GET", "/api/1/vehicles/{tag}", get_vehicle},
    {Endpoint::vehicle_data, Token::needed, "GET", "/api/1/vehicles/{tag}/vehicle_data", get_vehicle_data},
    {Endpoint::wake_up, Token::needed, "POST", "/api/1/vehicles/{tag}/wake_up", wake_up},
    {Endpoint::signed_command, Token::needed, "POST", "/api/1/vehicles/{tag}/signed_command", signed_command},
    {Endpoint::command, Token::needed, "POST", "/api/1/vehicles/{tag}/command/{name}", unsigned_command},
    {Endpoint::telemetry_config, Token::needed, "GET", "/api/1/vehicles/{tag}/fleet_telemetry_config",
     get_telemetry_config},
    {Endpoint::telemetry_config, Token::needed, "DELETE", "/api/1/vehicles/{tag}/fleet_telemetry_config",
     delete_telemetry_config},
    {Endpoint::telemetry_errors, Token::needed, "GET", "/api/1/vehicles/{tag}/fleet_telemetry_errors",
     get_telemetry_errors},
    {Endpoint::partner_accounts, Token::needed, "POST", "/api/1/partner_accounts", post_partner_account},
    {Endpoint::public_key, Token::needed, "GET", "/api/1/partner_accounts/public_key", get_partner_public_key},
};

http::Reply not_found() {
  return error_reply(404, usual_error(404), "The requested resource does not exist");
}

}  // namespace

http::Reply answer_fleet_api(Garage& garage, const http::Request& request) {
  const auto match = find_route<Route>(kRoutes, request);
  const Endpoint endpoint = match.route != nullptr ? match.route->endpoint : Endpoint::other;
  Stall* const stall = match.captures.empty() ? nullptr : garage.find(match.captures.front());
  (stall != nullptr ? stall->requests : garage.common_requests()).add(endpoint);

  const bool open = match.route != nullptr && match.route->token == Token::unneeded;
  if (!open && bearer_of(request).empty()) return error_reply(401, usual_error(401));
  if (auto refusal = open ? std::nullopt : garage.authority().refuse(request, endpoint, garage.unix_time())) {
    return *std::move(refusal);
  }
  if (match.route == nullptr && match.allowed.empty()) return not_found();
  if (match.route == nullptr) {
    auto reply = error_reply(405, usual_error(405));
    reply.headers.set("Allow", match.allowed);
    return reply;
  }
  if (stall == nullptr && !match.captures.empty()) return not_found();
  return match.route->answer({.garage = garage,
                              .request = request,
                              .stall = stall,
                              .command = match.captures.size() > 1 ? match.captures[1] : std::string_view()});
}

}  // namespace fleetsign::simulator
