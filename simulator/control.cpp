// SPDX-License-Identifier: Apache-2.0
#include "simulator/control.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "crypto/bytes.h"
#include "crypto/result.h"
#include "simulator/oauth_control.h"
#include "simulator/replies.h"
#include "simulator/routes.h"
#include "simulator/vehicle_json.h"

namespace fleetsign::simulator {
namespace {

struct Call {
  Garage& garage;
  const http::Request& request;
  Stall* stall;
};

std::string_view domain_name(UniversalMessage::Domain domain) {
  return domain == UniversalMessage::DOMAIN_VEHICLE_SECURITY ? "vehicle_security" : "infotainment";
}

/// A client key by the first four bytes of its x-coordinate.
std::string short_name(const crypto::PublicPoint& point) {
  return crypto::to_hex(crypto::ByteView(point).subspan(1, 4));
}

Json domain_json(const DomainReport& domain, const VehicleRules& rules) {
  Json counters = Json::object();
  for (std::size_t client = 0; client < rules.clients.size(); ++client) {
    counters[short_name(rules.clients[client])] = domain.counters[client];
  }
  return {{"epoch", crypto::to_hex(crypto::as_bytes(domain.epoch))},
          {"clock_time", domain.clock_time},
          {"counters", std::move(counters)}};
}

Json execution_json(const Execution& execution, const VehicleRules& rules) {
  return {{"name", execution.name},
          {"domain", domain_name(execution.domain)},
          {"counter", execution.counter},
          {"key", short_name(rules.clients[execution.client])},
          {"at_ms", execution.at.count()}};
}

Json pending_faults(const Stall& stall) {
  Json faults = Json::array();
  for (const auto& order : stall.faults.pending()) faults.push_back(to_json(order));
  return faults;
}

/// What no member of vehicle_data shows.
Json car_counts(const Car& car) {
  return {{"flashes", car.closures.flashes},
          {"honks", car.closures.honks},
          {"homelink_triggers", car.closures.homelink_triggers},
          {"boombox_sounds", car.media.boombox_sounds},
          {"drive_notes", car.software.drive_notes.size()},
          {"calendar_bytes", car.software.calendar.size()},
          {"erasures", car.security.erasures}};
}

http::Reply get_vehicle(const Call& call) {
  const auto& rules = call.garage.rules();
  const auto report = call.stall->vehicle.report();
  Json domains = Json::object();
  for (const auto& domain : report.domains) domains[std::string(domain_name(domain.name))] = domain_json(domain, rules);
  Json executed = Json::array();
  for (const auto& execution : report.executions) executed.push_back(execution_json(execution, rules));
  Json unsigned_commands = Json::array();
  for (const auto& command : report.unsigned_commands) {
    unsigned_commands.push_back({{"name", command.name}, {"body", command.body}});
  }
  return json_reply(200, {{"vin", call.stall->vehicle.vin()},
                          {"state", power_name(report.power)},
                          {"executed_total", report.executed},
                          {"refused_total", report.refused},
                          {"used_counters_total", report.used_counters},
                          {"handshakes_total", report.handshakes},
                          {"executed", std::move(executed)},
                          {"unsigned", std::move(unsigned_commands)},
                          {"domains", std::move(domains)},
                          {"counts", car_counts(report.car)},
                          {"telemetry", telemetry_json(call.stall->telemetry)},
                          {"car", vehicle_data(report.car, call.garage.unix_time(), "vehicle_data_combo")},
                          {"faults", pending_faults(*call.stall)}});
}

http::Reply bad_order(const std::string& problem) {
  Json names = Json::array();
  for (const auto& row : fault_rows()) names.push_back(row.name);
  return json_reply(400, {{"error", problem},
                          {"known",
                           {{"members", {"fault", "count", "on", "ms", "host", "error"}},
                            {"on", {"command", "handshake", "any"}},
                            {"faults", std::move(names)}}}});
}

http::Reply list_faults(const Call& call) {
  return json_reply(200, {{"faults", pending_faults(*call.stall)}});
}

/// The type of the body does not matter here: it is typed by hand.
http::Reply order_fault(const Call& call) {
  const auto body = Json::parse(call.request.body, nullptr, false);
  auto order = parse_order(body);
  if (!order) return bad_order(order.error());
  if (const auto* const act = std::get_if<ActAtOnce>(&order->fault->act)) {
    (*act)(call.stall->vehicle);
  } else if (!call.stall->faults.add(*std::move(order))) {
    return bad_order("too many faults are waiting for this vehicle");
  }
  return list_faults(call);
}

http::Reply clear_faults(const Call& call) {
  call.stall->faults.clear();
  call.stall->vehicle.set_power(Power::online);
  call.stall->vehicle.set_signing(Signing::required);
  return list_faults(call);
}

/// Reads a body of one flag, does what it says, and answers with it.
http::Reply set_flag(const Call& call, const char* name, const std::function<void(bool)>& set) {
  const auto body = Json::parse(call.request.body, nullptr, false);
  if (!body.is_object() || !body.contains(name) || !body.at(name).is_boolean()) {
    const std::string flag = "{\"" + std::string(name) + "\": ";
    return json_reply(400, {{"error", "write " + flag + "true} or " + flag + "false}"}});
  }
  const bool value = body.at(name).get<bool>();
  set(value);
  return json_reply(200, {{name, value}});
}

http::Reply set_cable(const Call& call) {
  return set_flag(call, "connected", [&](bool connected) {
    call.stall->vehicle.set_cable(connected ? Cable::plugged_in : Cable::unplugged);
  });
}

/// Which of the enrolled keys a body is about: none where it names none, and it must not name another.
crypto::Result<std::optional<std::size_t>, std::string> client_in(const Json& body, const VehicleRules& rules) {
  if (!body.is_object() || !body.contains("key")) return std::optional<std::size_t>();
  for (std::size_t client = 0; client < rules.clients.size(); ++client) {
    if (body.at("key") == short_name(rules.clients[client])) return std::optional(client);
  }
  return std::string("no key that is enrolled begins like that; `domains` of the vehicle has their names");
}

http::Reply set_pairing(const Call& call) {
  const auto client = client_in(Json::parse(call.request.body, nullptr, false), call.garage.rules());
  if (!client) return json_reply(400, {{"error", client.error()}});
  return set_flag(call, "paired", [&](bool paired) {
    call.stall->vehicle.set_pairing(paired ? Pairing::paired : Pairing::unpaired, *client);
  });
}

http::Reply get_requests(const Call& call) {
  Json endpoints = Json::object();
  std::uint64_t total = 0;
  for (std::size_t endpoint = 0; endpoint < kEndpointNames.size(); ++endpoint) {
    std::uint64_t count = call.garage.common_requests().of(endpoint);
    Json vehicles = Json::object();
    for (const auto& stall : call.garage.stalls()) {
      const auto of_vehicle = stall->requests.of(endpoint);
      if (of_vehicle > 0) vehicles[stall->vehicle.vin()] = of_vehicle;
      count += of_vehicle;
    }
    total += count;
    endpoints[std::string(kEndpointNames[endpoint])] = {{"total", count}, {"vehicles", std::move(vehicles)}};
  }
  return json_reply(200, {{"total", total}, {"endpoints", std::move(endpoints)}});
}

http::Reply clear_requests(const Call& call) {
  call.garage.common_requests().clear();
  for (const auto& stall : call.garage.stalls()) stall->requests.clear();
  return get_requests(call);
}

/// A path that concerns no vehicle.
template <http::Reply (*answer)(Garage&, const http::Request&)>
http::Reply at_large(const Call& call) {
  return answer(call.garage, call.request);
}

struct Route {
  std::string_view method;
  std::string_view pattern;
  http::Reply (*answer)(const Call&);
};

constexpr Route kRoutes[] = {
    Route{"GET", "/sim/v1/vehicles/{vin}", get_vehicle},
    Route{"POST", "/sim/v1/vehicles/{vin}/cable", set_cable},
    Route{"POST", "/sim/v1/vehicles/{vin}/pairing", set_pairing},
    Route{"GET", "/sim/v1/vehicles/{vin}/faults", list_faults},
    Route{"POST", "/sim/v1/vehicles/{vin}/faults", order_fault},
    Route{"DELETE", "/sim/v1/vehicles/{vin}/faults", clear_faults},
    Route{"GET", "/sim/v1/requests", get_requests},
    Route{"DELETE", "/sim/v1/requests", clear_requests},
    Route{"GET", "/sim/v1/oauth", at_large<show_oauth>},
    Route{"POST", "/sim/v1/oauth", at_large<set_oauth>},
    Route{"GET", "/sim/v1/oauth/faults", at_large<list_oauth_faults>},
    Route{"POST", "/sim/v1/oauth/faults", at_large<order_oauth_fault>},
    Route{"DELETE", "/sim/v1/oauth/faults", at_large<clear_oauth_faults>},
    Route{"DELETE", "/sim/v1/oauth/access_tokens", at_large<revoke_access_tokens>},
    Route{"POST", "/sim/v1/oauth/hosted_keys", at_large<host_public_key>},
};

http::Reply refuse(int status, std::string_view error) {
  return json_reply(status, {{"error", error}});
}

}  // namespace

http::Reply answer_control(Garage& garage, const http::Request& request) {
  const auto match = find_route<Route>(kRoutes, request);
  if (match.route == nullptr && match.allowed.empty()) return refuse(404, "no such control path");
  if (match.route == nullptr) {
    auto reply = refuse(405, "this control path has other methods");
    reply.headers.set("Allow", match.allowed);
    return reply;
  }
  Stall* const stall = match.captures.empty() ? nullptr : garage.find(match.captures.front());
  if (stall == nullptr && !match.captures.empty()) return refuse(404, "no such vehicle");
  return match.route->answer({.garage = garage, .request = request, .stall = stall});
}

}  // namespace fleetsign::simulator
