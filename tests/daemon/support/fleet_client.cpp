// SPDX-License-Identifier: Apache-2.0
#include "tests/daemon/support/fleet_client.h"

#include <doctest/doctest.h>

#include <string_view>
#include <utility>

#include "crypto/bytes.h"

namespace fleetsign::test {
namespace {

using upstream::Answer;
using upstream::Delivered;
using upstream::Request;
using upstream::Undelivered;

constexpr std::string_view kScheme = "Bearer ";

http::Request as_received(std::string method, std::string target, http::Headers headers, std::string body) {
  const auto mark = target.find('?');
  http::Request request{.method = std::move(method),
                        .path = target.substr(0, mark),
                        .query = mark == std::string::npos ? "" : target.substr(mark + 1),
                        .headers = std::move(headers),
                        .body = std::move(body)};
  request.target = std::move(target);
  return request;
}

/// What is behind scheme and host.
std::string target_in(const std::string& url) {
  return url.substr(url.find('/', url.find("://") + 3));
}

}  // namespace

Answer FleetClient::send(const Request& request) {
  Between between;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    between = between_;
  }
  if (between) {
    if (auto answer = between(request)) return *std::move(answer);
  }
  auto reply = fleet_.handle(as_received(request.method, target_in(request.url), request.headers, request.body));
  if (reply.cut) return lost();
  return Delivered{.status = reply.status, .headers = std::move(reply.headers), .body = std::move(reply.body)};
}

void FleetClient::stand_between(Between between) {
  const std::lock_guard lock(mutex_);
  between_ = std::move(between);
}

std::vector<Request> FleetClient::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FleetClient::forget_requests() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

nlohmann::json FleetClient::control(const std::string& method, const std::string& target, const std::string& body) {
  const auto reply = fleet_.handle(as_received(method, target, {}, body));
  REQUIRE(reply.status == 200);
  return nlohmann::json::parse(reply.body);
}

void FleetClient::order(const std::string& vin, const nlohmann::json& fault) {
  control("POST", "/sim/v1/vehicles/" + vin + "/faults", fault.dump());
}

void FleetClient::pair(const std::string& vin, const crypto::PublicPoint& key) {
  const auto path = "/sim/v1/vehicles/" + vin + "/pairing";
  const auto name = crypto::to_hex(crypto::ByteView(key).subspan(1, 4));
  control("POST", path, R"({"paired": false})");
  control("POST", path, nlohmann::json{{"paired", true}, {"key", name}}.dump());
}

nlohmann::json FleetClient::report(const std::string& vin) {
  return control("GET", "/sim/v1/vehicles/" + vin, {});
}

std::optional<UniversalMessage::RoutableMessage> envelope_of(const Request& request) {
  if (!request.url.ends_with("/signed_command")) return std::nullopt;
  const auto body = nlohmann::json::parse(request.body);
  const auto bytes = crypto::parse_base64(body.at("routable_message").get<std::string>());
  UniversalMessage::RoutableMessage message;
  REQUIRE(bytes);
  REQUIRE(message.ParseFromString(crypto::as_text(*bytes)));
  return message;
}

bool is_handshake(const Request& request) {
  const auto envelope = envelope_of(request);
  return envelope && envelope->has_session_info_request();
}

std::uint32_t counter_of(const Request& request) {
  const auto envelope = envelope_of(request);
  return envelope ? envelope->signature_data().hmac_personalized_data().counter() : 0;
}

std::string token_of(const Request& request) {
  const std::string* header = request.headers.find("Authorization");
  REQUIRE(header != nullptr);
  REQUIRE(header->starts_with(kScheme));
  return header->substr(kScheme.size());
}

Answer unreachable() {
  return Undelivered{
      .sent = Undelivered::Sent::no, .phase = Undelivered::Phase::connect, .cause = "nobody listens at fleet.test"};
}

Answer lost() {
  return Undelivered{
      .sent = Undelivered::Sent::maybe, .phase = Undelivered::Phase::receive, .cause = "the connection was closed"};
}

Answer answered(int status, std::string body) {
  return Delivered{.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

}  // namespace fleetsign::test
