// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "simulator/actions/actions.h"

namespace fleetsign::simulator {
namespace {

// Seats and steering wheel take their power from a running climate system.
constexpr std::string_view kClimateIsOff = "cabin comfort remote settings not enabled";

Outcome auto_conditioning(Car& car, const CarServer::HvacAutoAction& request) {
  car.climate.on = request.power_on();
  return done(request.power_on() ? "auto_conditioning_start" : "auto_conditioning_stop");
}

Outcome set_temps(Car& car, const CarServer::HvacTemperatureAdjustmentAction& request) {
  const float driver = request.driver_temp_celsius();
  const float passenger = request.passenger_temp_celsius();
  if (driver == 0 && passenger == 0) return refused("set_temps", "invalid_temperature");
  if (driver != 0) car.climate.driver_celsius = std::clamp(driver, kLowestCelsius, kHighestCelsius);
  if (passenger != 0) car.climate.passenger_celsius = std::clamp(passenger, kLowestCelsius, kHighestCelsius);
  return done("set_temps");
}

Outcome set_preconditioning_max(Car& car, const CarServer::HvacSetPreconditioningMaxAction& request) {
  car.climate.preconditioning_max = request.on();
  if (request.on()) car.climate.on = true;
  return done("set_preconditioning_max");
}

Outcome set_bioweapon_mode(Car& car, const CarServer::HvacBioweaponModeAction& request) {
  car.climate.bioweapon_mode = request.on();
  if (request.on()) car.climate.on = true;
  return done("set_bioweapon_mode");
}

Outcome set_cabin_overheat_protection(Car& car, const CarServer::SetCabinOverheatProtectionAction& request) {
  car.climate.overheat_protection = request.on();
  car.climate.overheat_fan_only = request.on() && request.fan_only();
  return done("set_cabin_overheat_protection");
}

Outcome set_cop_temp(Car& car, const CarServer::SetCopTempAction& request) {
  if (request.copactivationtemp() < CarServer::ClimateState::CopActivationTempLow ||
      request.copactivationtemp() > CarServer::ClimateState::CopActivationTempHigh) {
    return refused("set_cop_temp", "invalid_temperature");
  }
  car.climate.overheat_temperature = request.copactivationtemp();
  return done("set_cop_temp");
}

Outcome set_climate_keeper_mode(Car& car, const CarServer::HvacClimateKeeperAction& request) {
  using Request = CarServer::HvacClimateKeeperAction;
  if (!Request::ClimateKeeperAction_E_IsValid(request.climatekeeperaction())) {
    return refused("set_climate_keeper_mode", "invalid_mode");
  }
  car.climate.keeper = request.climatekeeperaction();
  if (car.climate.keeper != Request::ClimateKeeperAction_Off) car.climate.on = true;
  return done("set_climate_keeper_mode");
}

using Heater = CarServer::HvacSeatHeaterActions::HvacSeatHeaterAction;

/// The oneof cases of levels and of positions follow one another in the order of the numbers that Fleet API uses.
std::optional<int> level_of(const Heater& heater) {
  if (heater.seat_heater_level_case() < Heater::kSEATHEATEROFF) return std::nullopt;
  return heater.seat_heater_level_case() - Heater::kSEATHEATEROFF;
}

std::optional<std::size_t> position_of(const Heater& heater) {
  if (heater.seat_position_case() < Heater::kCARSEATFRONTLEFT) return std::nullopt;
  return static_cast<std::size_t>(heater.seat_position_case() - Heater::kCARSEATFRONTLEFT);
}

Outcome heat_seats(Car& car, const CarServer::HvacSeatHeaterActions& request) {
  constexpr std::string_view kName = "remote_seat_heater_request";
  if (!car.climate.on) return refused(kName, kClimateIsOff);
  auto heaters = car.climate.seat_heaters;
  for (const auto& heater : request.hvacseatheateraction()) {
    const auto level = level_of(heater);
    const auto position = position_of(heater);
    if (!level || !position) return refused(kName, "invalid_seat");
    heaters[*position] = *level;
  }
  car.climate.seat_heaters = heaters;
  return done(kName);
}

Outcome cool_seats(Car& car, const CarServer::HvacSeatCoolerActions& request) {
  using Request = CarServer::HvacSeatCoolerActions;
  constexpr std::string_view kName = "remote_seat_cooler_request";
  if (!car.climate.on) return refused(kName, kClimateIsOff);
  auto coolers = car.climate.seat_coolers;
  for (const auto& cooler : request.hvacseatcooleraction()) {
    const bool known = cooler.seat_cooler_level() >= Request::HvacSeatCoolerLevel_Off &&
                       cooler.seat_cooler_level() <= Request::HvacSeatCoolerLevel_High &&
                       cooler.seat_position() >= Request::HvacSeatCoolerPosition_FrontLeft &&
                       cooler.seat_position() <= Request::HvacSeatCoolerPosition_FrontRight;
    if (!known) return refused(kName, "invalid_seat");
    coolers[static_cast<std::size_t>(cooler.seat_position() - Request::HvacSeatCoolerPosition_FrontLeft)] =
        cooler.seat_cooler_level() - Request::HvacSeatCoolerLevel_Off;
  }
  car.climate.seat_coolers = coolers;
  return done(kName);
}

Outcome auto_seat_climate(Car& car, const CarServer::AutoSeatClimateAction& request) {
  using Request = CarServer::AutoSeatClimateAction;
  constexpr std::string_view kName = "remote_auto_seat_climate_request";
  if (!car.climate.on) return refused(kName, kClimateIsOff);
  auto seats = car.climate.auto_seats;
  for (const auto& seat : request.carseat()) {
    const bool known = seat.seat_position() >= Request::AutoSeatPosition_FrontLeft &&
                       seat.seat_position() <= Request::AutoSeatPosition_FrontRight;
    if (!known) return refused(kName, "invalid_seat");
    seats[static_cast<std::size_t>(seat.seat_position() - Request::AutoSeatPosition_FrontLeft)] = seat.on();
  }
  car.climate.auto_seats = seats;
  return done(kName);
}

Outcome heat_steering_wheel(Car& car, const CarServer::HvacSteeringWheelHeaterAction& request) {
  constexpr std::string_view kName = "remote_steering_wheel_heater_request";
  if (!car.climate.on) return refused(kName, kClimateIsOff);
  car.climate.steering_wheel_heater = request.power_on();
  return done(kName);
}

}  // namespace

ActionRows climate_actions() {
  return {
      row(VehicleAction::kHvacAutoAction, &VehicleAction::hvacautoaction, auto_conditioning),
      row(VehicleAction::kHvacTemperatureAdjustmentAction, &VehicleAction::hvactemperatureadjustmentaction, set_temps),
      row(VehicleAction::kHvacSetPreconditioningMaxAction, &VehicleAction::hvacsetpreconditioningmaxaction,
          set_preconditioning_max),
      row(VehicleAction::kHvacBioweaponModeAction, &VehicleAction::hvacbioweaponmodeaction, set_bioweapon_mode),
      row(VehicleAction::kSetCabinOverheatProtectionAction, &VehicleAction::setcabinoverheatprotectionaction,
          set_cabin_overheat_protection),
      row(VehicleAction::kSetCopTempAction, &VehicleAction::setcoptempaction, set_cop_temp),
      row(VehicleAction::kHvacClimateKeeperAction, &VehicleAction::hvacclimatekeeperaction, set_climate_keeper_mode),
      row(VehicleAction::kHvacSeatHeaterActions, &VehicleAction::hvacseatheateractions, heat_seats),
      row(VehicleAction::kHvacSeatCoolerActions, &VehicleAction::hvacseatcooleractions, cool_seats),
      row(VehicleAction::kAutoSeatClimateAction, &VehicleAction::autoseatclimateaction, auto_seat_climate),
      row(VehicleAction::kHvacSteeringWheelHeaterAction, &VehicleAction::hvacsteeringwheelheateraction,
          heat_steering_wheel),
  };
}

}  // namespace fleetsign::simulator
