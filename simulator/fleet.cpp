// SPDX-License-Identifier: Apache-2.0
#include "simulator/fleet.h"

#include <utility>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "simulator/control.h"
#include "simulator/fleet_api.h"
#include "simulator/garage.h"
#include "simulator/jwt.h"
#include "simulator/oauth_server.h"

namespace fleetsign::simulator {

struct Fleet::Impl {
  explicit Impl(FleetOptions options) : garage(std::move(options)) {}
  Garage garage;
};

Fleet::Fleet(FleetOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Fleet::~Fleet() = default;

http::Reply Fleet::handle(const http::Request& request) {
  if (request.path.starts_with(kControlPrefix)) return answer_control(impl_->garage, request);
  if (request.path.starts_with(kOAuthPrefix)) return answer_oauth(impl_->garage, request);
  auto reply = answer_fleet_api(impl_->garage, request);
  reply.headers.set("x-txid", crypto::to_hex(crypto::random_bytes<16>()));
  return reply;
}

std::vector<std::string> Fleet::vins() const {
  std::vector<std::string> vins;
  for (const auto& stall : impl_->garage.stalls()) vins.push_back(stall->vehicle.vin());
  return vins;
}

std::string Fleet::sample_token() {
  // Claims as of fleet_api.md, C.3. The name makes for a '-' and a '_', which plain base64 does not have.
  constexpr std::uint64_t kIssued = 1'700'000'000;
  constexpr std::uint64_t kExpiry = 4'102'444'800;  // the year 2100
  const Json claims{
      {"iss", kTokenIssuer},
      {"azp", "simulated-client"},
      {"sub", "simulated-user"},
      {"name", "~?~?~?>>>"},
      {"aud",
       {"https://fleet-api.prd.na.vn.cloud.tesla.com", "https://fleet-api.prd.eu.vn.cloud.tesla.com", kUserInfo}},
      {"scp",
       {"openid", "offline_access", "vehicle_device_data", "vehicle_location", "vehicle_cmds",
        "vehicle_charging_cmds"}},
      {"ou_code", "NA"},
      {"iat", kIssued},
      {"exp", kExpiry}};
  return make_jwt(claims, crypto::as_bytes("no signature, as nobody checks it"));
}

}  // namespace fleetsign::simulator
