// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

using CarServer::ClimateState;
using AutoSeat = CarServer::AutoSeatClimateAction;
using Cooler = CarServer::HvacSeatCoolerActions;
using Heater = CarServer::HvacSeatHeaterActions_HvacSeatHeaterAction;
using Keeper = CarServer::HvacClimateKeeperAction;

using CoolerLevel = CarServer::HvacSeatCoolerActions_HvacSeatCoolerLevel_E;
using CoolerPosition = CarServer::HvacSeatCoolerActions_HvacSeatCoolerPosition_E;
using AutoSeatPosition = CarServer::AutoSeatClimateAction_AutoSeatPosition_E;
using KeeperMode = CarServer::HvacClimateKeeperAction_ClimateKeeperAction_E;
using OverheatLimit = CarServer::ClimateState_CopActivationTemp;

template <bool kOn>
Command conditioning(std::string_view name, std::string_view summary) {
  return infotainment(name, Repeat::safe, summary,
                      [](VehicleAction& action) { action.mutable_hvacautoaction()->set_power_on(kOn); });
}

std::optional<Failure> set_temps(VehicleAction& action, Circumstances&, std::optional<float> driver,
                                 std::optional<float> passenger) {
  if (!driver && !passenger) return bad_parameter("driver_temp", "driver_temp or passenger_temp is needed");
  auto& temperatures = *action.mutable_hvactemperatureadjustmentaction();
  temperatures.mutable_level()->mutable_temp_max();
  temperatures.set_driver_temp_celsius(driver ? *driver : *passenger);
  temperatures.set_passenger_temp_celsius(passenger ? *passenger : *driver);
  return std::nullopt;
}

void heat_seat(VehicleAction& action, Member<Heater> position, Member<Heater> level) {
  auto& heater = *action.mutable_hvacseatheateractions()->add_hvacseatheateraction();
  position.put_into(heater);
  level.put_into(heater);
}

void cool_seat(VehicleAction& action, CoolerPosition position, CoolerLevel level) {
  auto& cooler = *action.mutable_hvacseatcooleractions()->add_hvacseatcooleraction();
  cooler.set_seat_position(position);
  cooler.set_seat_cooler_level(level);
}

Typed<Member<Heater>> heated_seat() {
  return choice<Member<Heater>>("seat_position", "Which seat",
                                {{0, {"front_left"}, {&Heater::mutable_car_seat_front_left}},
                                 {1, {"front_right"}, {&Heater::mutable_car_seat_front_right}},
                                 {2, {"rear_left"}, {&Heater::mutable_car_seat_rear_left}},
                                 {3, {"rear_left_back"}, {&Heater::mutable_car_seat_rear_left_back}},
                                 {4, {"rear_center"}, {&Heater::mutable_car_seat_rear_center}},
                                 {5, {"rear_right"}, {&Heater::mutable_car_seat_rear_right}},
                                 {6, {"rear_right_back"}, {&Heater::mutable_car_seat_rear_right_back}},
                                 {7, {"third_row_left"}, {&Heater::mutable_car_seat_third_row_left}},
                                 {8, {"third_row_right"}, {&Heater::mutable_car_seat_third_row_right}}})
      .alias("heater");
}

Typed<Member<Heater>> heater_level() {
  return choice<Member<Heater>>("level", "How warm",
                                {{0, {"off"}, {&Heater::mutable_seat_heater_off}},
                                 {1, {"low"}, {&Heater::mutable_seat_heater_low}},
                                 {2, {"medium", "med"}, {&Heater::mutable_seat_heater_med}},
                                 {3, {"high"}, {&Heater::mutable_seat_heater_high}}})
      .example(2);
}

Typed<CoolerPosition> cooled_seat() {
  return choice<CoolerPosition>("seat_position", "Which seat",
                                {{1, {"front_left"}, Cooler::HvacSeatCoolerPosition_FrontLeft},
                                 {2, {"front_right"}, Cooler::HvacSeatCoolerPosition_FrontRight}});
}

/// The vehicle's levels are one more than Fleet API's: its 0 is "unknown".
Typed<CoolerLevel> cooler_level() {
  return choice<CoolerLevel>("seat_cooler_level", "How cool",
                             {{0, {"off"}, Cooler::HvacSeatCoolerLevel_Off},
                              {1, {"low"}, Cooler::HvacSeatCoolerLevel_Low},
                              {2, {"medium", "med"}, Cooler::HvacSeatCoolerLevel_Med},
                              {3, {"high"}, Cooler::HvacSeatCoolerLevel_High}})
      .example(2);
}

/// As with the cooler, the vehicle's 0 is "unspecified". People know the three by their degrees Celsius.
Typed<OverheatLimit> overheat_limit() {
  return choice<OverheatLimit>("cop_temp", "When to start cooling: at 30, 35 or 40 degrees Celsius",
                               {{0, {"low", "30", "30c"}, ClimateState::CopActivationTempLow},
                                {1, {"medium", "med", "35", "35c"}, ClimateState::CopActivationTempMedium},
                                {2, {"high", "40", "40c"}, ClimateState::CopActivationTempHigh}})
      .example(1);
}

Typed<KeeperMode> keeper_mode() {
  return choice<KeeperMode>("climate_keeper_mode", "What to keep the climate for",
                            {{0, {"off"}, Keeper::ClimateKeeperAction_Off},
                             {1, {"keep", "on"}, Keeper::ClimateKeeperAction_On},
                             {2, {"dog"}, Keeper::ClimateKeeperAction_Dog},
                             {3, {"camp"}, Keeper::ClimateKeeperAction_Camp}})
      .example(2);
}

Typed<AutoSeatPosition> auto_seat() {
  return choice<AutoSeatPosition>("auto_seat_position", "Which seat",
                                  {{1, {"front_left"}, AutoSeat::AutoSeatPosition_FrontLeft},
                                   {2, {"front_right"}, AutoSeat::AutoSeatPosition_FrontRight}});
}

Typed<bool> on() {
  return flag("on", "On or off");
}
Typed<bool> enable() {
  return flag("enable", "On or off");
}
Typed<bool> manual_override() {
  return flag("manual_override", "Override what the vehicle does by itself");
}

Typed<float> temperature(std::string_view name, std::string_view summary) {
  return real<float>(name, summary).unit("degrees Celsius").example(21);
}

}  // namespace

std::vector<Command> climate_rows() {
  return {
      conditioning<true>("auto_conditioning_start", "Start heating or cooling the cabin"),
      conditioning<false>("auto_conditioning_stop", "Stop heating or cooling the cabin"),
      infotainment(
          "keep_accessory_power_mode", Repeat::safe, "Keep accessories powered, or do not",
          [](VehicleAction& action, bool enable) {
            action.mutable_setkeepaccessorypowermodeaction()->set_keep_accessory_power_mode(enable);
          },
          enable()),
      infotainment(
          "remote_auto_seat_climate_request", Repeat::safe, "Heat and cool a seat automatically, or do not",
          [](VehicleAction& action, AutoSeatPosition position, bool on) {
            auto& seat = *action.mutable_autoseatclimateaction()->add_carseat();
            seat.set_on(on);
            seat.set_seat_position(position);
          },
          auto_seat(), flag("auto_climate_on", "On or off")),
      infotainment("remote_seat_cooler_request", Repeat::safe, "Cool a seat", cool_seat, cooled_seat(), cooler_level()),
      infotainment("remote_seat_heater_request", Repeat::safe, "Heat a seat", heat_seat, heated_seat(), heater_level()),
      infotainment(
          "remote_steering_wheel_heater_request", Repeat::safe, "Heat the steering wheel, or do not",
          [](VehicleAction& action, bool on) { action.mutable_hvacsteeringwheelheateraction()->set_power_on(on); },
          on()),
      infotainment(
          "set_bioweapon_mode", Repeat::safe, "Turn Bioweapon Defense Mode on or off",
          [](VehicleAction& action, bool on, bool manual_override) {
            auto& mode = *action.mutable_hvacbioweaponmodeaction();
            mode.set_on(on);
            mode.set_manual_override(manual_override);
          },
          on(), manual_override()),
      infotainment(
          "set_cabin_overheat_protection", Repeat::safe, "Keep the parked cabin from overheating, or do not",
          [](VehicleAction& action, bool on, bool fan_only) {
            auto& protection = *action.mutable_setcabinoverheatprotectionaction();
            protection.set_on(on);
            protection.set_fan_only(fan_only);
          },
          on(), flag("fan_only", "Without air conditioning").or_else(false)),
      infotainment(
          "set_climate_keeper_mode", Repeat::safe, "Keep the climate of the parked vehicle, or do not",
          [](VehicleAction& action, KeeperMode mode, bool manual_override) {
            auto& keeper = *action.mutable_hvacclimatekeeperaction();
            keeper.set_climatekeeperaction(mode);
            keeper.set_manual_override(manual_override);
          },
          keeper_mode(), manual_override().or_else(false)),
      infotainment(
          "set_cop_temp", Repeat::safe, "Set when the protection of the cabin from overheating starts",
          [](VehicleAction& action, OverheatLimit limit) {
            action.mutable_setcoptempaction()->set_copactivationtemp(limit);
          },
          overheat_limit()),
      infotainment(
          "set_low_power_mode", Repeat::safe, "Turn Low Power Mode on or off",
          [](VehicleAction& action, bool enable) {
            action.mutable_setlowpowermodeaction()->set_low_power_mode(enable);
          },
          enable()),
      infotainment(
          "set_preconditioning_max", Repeat::safe, "Defrost with full power, or stop that",
          [](VehicleAction& action, bool on, bool manual_override) {
            auto& preconditioning = *action.mutable_hvacsetpreconditioningmaxaction();
            preconditioning.set_on(on);
            preconditioning.set_manual_override(manual_override);
          },
          flag_up_to_two("on", "On or off"), manual_override().or_else(false)),
      infotainment("set_temps", Repeat::safe, "Set the temperature; one of them alone is for both sides", set_temps,
                   temperature("driver_temp", "On the driver's side").optional().in_example(),
                   temperature("passenger_temp", "On the passenger's side").optional()),
  };
}

}  // namespace fleetsign::catalogue
