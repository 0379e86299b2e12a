// SPDX-License-Identifier: Apache-2.0
// A fleet, asked over HTTP values as a listener would ask it, and a client of its first vehicle.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>

#include "crypto/bytes.h"
#include "simulator/fleet.h"
#include "tests/simulator/client.h"

namespace fleetsign::test {

using Json = nlohmann::ordered_json;

inline CarServer::VehicleAction honk() {
  CarServer::VehicleAction action;
  action.mutable_vehiclecontrolhonkhornaction();
  return action;
}

inline VCSEC::UnsignedMessage unlock() {
  VCSEC::UnsignedMessage message;
  message.set_rkeaction(VCSEC::RKE_ACTION_UNLOCK);
  return message;
}

class TestFleet {
 public:
  explicit TestFleet(std::size_t vehicles = 1)
      : fleet({.vehicles = vehicles, .enrolled_keys = {client.point()}, .clock = [this] {
                 return std::chrono::milliseconds(now_ms.load());
               }}) {}

  http::Reply send(const std::string& method, const std::string& target, const std::string& body = "",
                   http::Headers headers = {{"Authorization", "Bearer token"}}) {
    http::Request request;
    request.method = method;
    request.target = target;
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    request.query = mark == std::string::npos ? "" : target.substr(mark + 1);
    request.headers = std::move(headers);
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = body;
    return fleet.handle(request);
  }

  /// The reply's body, which must be JSON.
  static Json json_of(const http::Reply& reply) {
    REQUIRE(*reply.headers.find("Content-Type") == "application/json");
    return Json::parse(reply.body);
  }

  /// A path below the first vehicle.
  [[nodiscard]] std::string path(const std::string& rest = "") const { return "/api/1/vehicles/" + vin + rest; }

  http::Reply post(const RoutableMessage& message) {
    const Json body{{"routable_message", crypto::to_base64(crypto::as_bytes(message.SerializeAsString()))}};
    return send("POST", path("/signed_command"), body.dump());
  }

  /// The envelope in a reply, which must be there.
  static RoutableMessage message_of(const http::Reply& reply) {
    REQUIRE(reply.status == 200);
    RoutableMessage message;
    const auto bytes = crypto::parse_base64(json_of(reply).at("response").get<std::string>());
    REQUIRE(bytes);
    REQUIRE(message.ParseFromString(crypto::as_text(*bytes)));
    return message;
  }

  void greet(UniversalMessage::Domain domain) {
    const auto request = client.handshake(domain);
    REQUIRE(client.adopt(request, message_of(post(request))));
  }

  void order(const Json& fault) {
    REQUIRE(send("POST", "/sim/v1/vehicles/" + vin + "/faults", fault.dump(), {}).status == 200);
  }

  /// What the control API says of the first vehicle.
  Json report() { return json_of(send("GET", "/sim/v1/vehicles/" + vin, "", {})); }
  std::uint64_t executed() { return report().at("executed_total").get<std::uint64_t>(); }

  const std::string vin = "5YJS0000000000001";
  std::atomic<std::int64_t> now_ms{0};
  Client client{vin};
  simulator::Fleet fleet;
};

}  // namespace fleetsign::test
