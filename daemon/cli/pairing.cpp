// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/pairing.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "config/entry.h"
#include "config/vehicles.h"
#include "protocol/failure.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kPatience{40};

bool lists(const Json& response, const char* member, const std::string& vin) {
  const auto list = response.is_object() ? response.value(member, Json()) : Json();
  return list.is_array() && std::ranges::any_of(list, [&](const Json& each) { return each == vin; });
}

/// Whether another time may bring another answer, though nobody does anything about it.
bool may_pass(const upstream::Delivered& reply) {
  const auto body = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (text_in(body, "error_code") == row_of(protocol::Kind::login_required).error_code) return false;
  return reply.status >= 500 || reply.status == 429;
}

/// Of a refusal by the daemon or, passed on, by Fleet API.
RemoteError refused(const upstream::Delivered& reply) {
  auto error = refusal_in(reply);
  error.message = "it cannot be found out whether the key is paired: " + config::printable(error.message);
  error.hint = config::printable(error.hint);
  if (reply.status == 401)
    error.hint = "set FLEETSIGN_TOKEN anew; `fleetsign pair --no-wait` shows the link without asking";
  if (may_pass(reply)) error.exit = kUnavailable;
  return error;
}

}  // namespace

RemoteResult<std::string> vin_of(const config::Config& config, const std::string& typed) {
  auto vehicle = read_vehicle(typed);
  if (!vehicle || !config::is_vehicle_name(*vehicle)) return vehicle;
  const auto found = config.vehicles.find(*vehicle);
  if (found != config.vehicles.end()) return found->second.vin;
  return RemoteError{.exit = kUsage,
                     .message = config::name_of(config) + " has no vehicle " + *vehicle,
                     .hint = "give its VIN, or name it in `vehicles`"};
}

RemoteResult<bool> is_paired(const Remote& remote, const std::string& token, const std::string& vin) {
  const auto reply = remote.send({.method = "POST",
                                  .target = "/api/1/vehicles/fleet_status",
                                  .headers = {{"Content-Type", "application/json"}},
                                  .body = Json{{"vins", {vin}}}.dump(),
                                  .patience = kPatience},
                                 token);
  if (!reply) return reply.error();
  if (reply->status != 200) return refused(*reply);
  const auto body = Json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  const auto response = body.is_object() ? body.value("response", Json()) : Json();
  if (lists(response, "key_paired_vins", vin)) return true;
  if (lists(response, "unpaired_vins", vin)) return false;
  return RemoteError{.exit = kFailed,
                     .message = "Fleet API says nothing of " + vin,
                     .hint = "is it a vehicle of the account that the token is for?"};
}

}  // namespace fleetsign::cli
