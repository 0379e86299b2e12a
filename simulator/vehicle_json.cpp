// SPDX-License-Identifier: Apache-2.0
#include "simulator/vehicle_json.h"

namespace fleetsign::simulator {
namespace {

constexpr std::uint64_t kUserId = 800'001;
constexpr std::uint64_t kFirstVehicleId = 99'999;
constexpr int kApiVersion = 67;

void add_common_tail(Json& json, const Stall& stall, Power power) {
  json["granular_access"] = {{"hide_private", false}};
  json["tokens"] = {"simulated-token-1", "simulated-token-2"};
  json["state"] = power_name(power);
  json["in_service"] = false;
  json["id_s"] = std::to_string(vehicle_id(stall.number));
  json["calendar_enabled"] = true;
  json["api_version"] = kApiVersion;
  json["backseat_token"] = nullptr;
  json["backseat_token_updated_at"] = nullptr;
}

}  // namespace

std::string_view power_name(Power power) {
  switch (power) {
    case Power::online:
      return "online";
    case Power::asleep:
      return "asleep";
    case Power::offline:
      return "offline";
  }
  return "";
}

Json vehicle_summary(const Stall& stall, Power power) {
  Json json{{"id", vehicle_id(stall.number)},  {"vehicle_id", kFirstVehicleId + stall.number - 1},
            {"vin", stall.vehicle.vin()},      {"color", nullptr},
            {"access_type", "OWNER"},          {"display_name", stall.vehicle.car().software.vehicle_name},
            {"option_codes", "AD15,MDL3,PBSB"}};
  add_common_tail(json, stall, power);
  return json;
}

Json vehicle_after_wake(const Stall& stall, Power power) {
  Json json{{"id", vehicle_id(stall.number)}, {"user_id", kUserId}, {"vehicle_id", kFirstVehicleId + stall.number - 1},
            {"vin", stall.vehicle.vin()},     {"color", nullptr},   {"access_type", "OWNER"}};
  add_common_tail(json, stall, power);
  return json;
}

}  // namespace fleetsign::simulator
