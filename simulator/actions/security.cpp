// SPDX-License-Identifier: Apache-2.0
// Modes that restrict who may do what with the car, most of them behind a PIN.
#include <optional>
#include <string>

#include "simulator/actions/actions.h"

namespace fleetsign::simulator {
namespace {

/// Why a mode does not change, or nothing when it has.
using Refusal = std::optional<std::string_view>;

Outcome outcome(std::string_view name, Refusal refusal) {
  return refusal ? refused(name, *refusal) : done(name);
}

/// The PIN of the first time is the one for every later time, until it is cleared.
Refusal turn_on(GuardedMode& mode, const std::string& pin) {
  if (mode.on) return "already on";
  if (pin.empty() && mode.pin.empty()) return "pin_required";
  if (!mode.pin.empty() && pin != mode.pin) return "incorrect_pin";
  mode = {.on = true, .pin = pin};
  return std::nullopt;
}

Refusal turn_off(GuardedMode& mode, const std::string& pin) {
  if (!mode.on) return "already off";
  if (pin != mode.pin) return "incorrect_pin";
  mode.on = false;
  return std::nullopt;
}

Refusal clear_pin(GuardedMode& mode, const std::string& pin) {
  if (mode.on) return "mode_is_on";
  if (pin != mode.pin) return "incorrect_pin";
  mode.pin.clear();
  return std::nullopt;
}

Refusal set_limit(double& limit, double mph) {
  if (!(mph >= kLowestSpeedLimitMph && mph <= kHighestSpeedLimitMph)) return "out_of_range";
  limit = mph;
  return std::nullopt;
}

Outcome set_sentry_mode(Car& car, const CarServer::VehicleControlSetSentryModeAction& request) {
  car.security.sentry = request.on();
  return done("set_sentry_mode");
}

Outcome set_valet_mode(Car& car, const CarServer::VehicleControlSetValetModeAction& request) {
  auto& valet = car.security.valet;
  // Whoever may send commands may end valet mode without its PIN.
  return outcome("set_valet_mode", request.on() ? turn_on(valet, request.password()) : turn_off(valet, valet.pin));
}

Outcome reset_valet_pin(Car& car, const CarServer::VehicleControlResetValetPinAction&) {
  auto& valet = car.security.valet;
  return outcome("reset_valet_pin", clear_pin(valet, valet.pin));
}

/// fleet_api.md: a stored PIN is kept when the mode is off, and a new one is then ignored.
Outcome set_pin_to_drive(Car& car, const CarServer::VehicleControlSetPinToDriveAction& request) {
  auto& mode = car.security.pin_to_drive;
  if (car.security.valet.on) return refused("set_pin_to_drive", "valet_mode");
  if (request.on() && mode.pin.empty() && request.password().empty()) {
    return refused("set_pin_to_drive", "pin_required");
  }
  if (mode.pin.empty()) mode.pin = request.password();
  mode.on = request.on();
  return done("set_pin_to_drive");
}

Outcome reset_pin_to_drive(Car& car, const CarServer::VehicleControlResetPinToDriveAction&) {
  auto& mode = car.security.pin_to_drive;
  if (car.security.valet.on) return refused("reset_pin_to_drive_pin", "valet_mode");
  if (mode.pin.empty()) return refused("reset_pin_to_drive_pin", "no_pin");
  return outcome("reset_pin_to_drive_pin", clear_pin(mode, mode.pin));
}

Outcome reset_pin_to_drive_admin(Car& car, const CarServer::VehicleControlResetPinToDriveAdminAction&) {
  car.security.pin_to_drive = {};
  return done("clear_pin_to_drive_admin");
}

Outcome guest_mode(Car& car, const CarServer::VehicleState::GuestMode& request) {
  car.security.guest_mode = request.guestmodeactive();
  return done("guest_mode");
}

Outcome erase_user_data(Car& car, const CarServer::EraseUserDataAction&) {
  if (!car.security.guest_mode) return refused("erase_user_data", "not_in_guest_mode");
  ++car.security.erasures;
  return done("erase_user_data");
}

Outcome speed_limit(Car& car, const CarServer::DrivingSpeedLimitAction& request) {
  auto& mode = car.security.speed_limit;
  return request.activate() ? outcome("speed_limit_activate", turn_on(mode, request.pin()))
                            : outcome("speed_limit_deactivate", turn_off(mode, request.pin()));
}

Outcome clear_speed_limit_pin(Car& car, const CarServer::DrivingClearSpeedLimitPinAction& request) {
  return outcome("speed_limit_clear_pin", clear_pin(car.security.speed_limit, request.pin()));
}

Outcome clear_speed_limit_pin_admin(Car& car, const CarServer::DrivingClearSpeedLimitPinAdminAction&) {
  car.security.speed_limit = {};
  return done("speed_limit_clear_pin_admin");
}

Outcome set_speed_limit(Car& car, const CarServer::DrivingSetSpeedLimitAction& request) {
  return outcome("speed_limit_set_limit", set_limit(car.security.speed_limit_mph, request.limit_mph()));
}

Outcome parental_controls(Car& car, const CarServer::ParentalControlsAction& request) {
  auto& mode = car.security.parental_controls;
  return request.activate() ? outcome("parental_controls_activate", turn_on(mode, request.pin()))
                            : outcome("parental_controls_deactivate", turn_off(mode, request.pin()));
}

Outcome enable_parental_setting(Car& car, const CarServer::ParentalControlsEnableSettingsAction& request) {
  using Request = CarServer::ParentalControlsEnableSettingsAction;
  if (!Request::ParentalControlsSetting_E_IsValid(request.setting())) {
    return refused("parental_controls_enable_setting", "invalid_setting");
  }
  car.security.parental_settings[static_cast<std::size_t>(request.setting())] = request.enable();
  return done("parental_controls_enable_setting");
}

Outcome set_parental_speed_limit(Car& car, const CarServer::ParentalControlsSetSpeedLimitAction& request) {
  return outcome("parental_controls_set_speed_limit",
                 set_limit(car.security.parental_speed_limit_mph, request.limit_mph()));
}

Outcome clear_parental_pin(Car& car, const CarServer::ParentalControlsClearPinAction& request) {
  return outcome("parental_controls_clear_pin", clear_pin(car.security.parental_controls, request.pin()));
}

Outcome clear_parental_pin_admin(Car& car, const CarServer::ParentalControlsClearPinAdminAction&) {
  car.security.parental_controls = {};
  return done("parental_controls_clear_pin_admin");
}

}  // namespace

ActionRows security_actions() {
  return {
      row(VehicleAction::kVehicleControlSetSentryModeAction, &VehicleAction::vehiclecontrolsetsentrymodeaction,
          set_sentry_mode),
      row(VehicleAction::kVehicleControlSetValetModeAction, &VehicleAction::vehiclecontrolsetvaletmodeaction,
          set_valet_mode),
      row(VehicleAction::kVehicleControlResetValetPinAction, &VehicleAction::vehiclecontrolresetvaletpinaction,
          reset_valet_pin),
      row(VehicleAction::kVehicleControlSetPinToDriveAction, &VehicleAction::vehiclecontrolsetpintodriveaction,
          set_pin_to_drive),
      row(VehicleAction::kVehicleControlResetPinToDriveAction, &VehicleAction::vehiclecontrolresetpintodriveaction,
          reset_pin_to_drive),
      row(VehicleAction::kVehicleControlResetPinToDriveAdminAction,
          &VehicleAction::vehiclecontrolresetpintodriveadminaction, reset_pin_to_drive_admin),
      row(VehicleAction::kGuestModeAction, &VehicleAction::guestmodeaction, guest_mode),
      row(VehicleAction::kEraseUserDataAction, &VehicleAction::eraseuserdataaction, erase_user_data),
      row(VehicleAction::kDrivingSpeedLimitAction, &VehicleAction::drivingspeedlimitaction, speed_limit),
      row(VehicleAction::kDrivingClearSpeedLimitPinAction, &VehicleAction::drivingclearspeedlimitpinaction,
          clear_speed_limit_pin),
      row(VehicleAction::kDrivingClearSpeedLimitPinAdminAction, &VehicleAction::drivingclearspeedlimitpinadminaction,
          clear_speed_limit_pin_admin),
      row(VehicleAction::kDrivingSetSpeedLimitAction, &VehicleAction::drivingsetspeedlimitaction, set_speed_limit),
      row(VehicleAction::kParentalControlsAction, &VehicleAction::parentalcontrolsaction, parental_controls),
      row(VehicleAction::kParentalControlsEnableSettingsAction, &VehicleAction::parentalcontrolsenablesettingsaction,
          enable_parental_setting),
      row(VehicleAction::kParentalControlsSetSpeedLimitAction, &VehicleAction::parentalcontrolssetspeedlimitaction,
          set_parental_speed_limit),
      row(VehicleAction::kParentalControlsClearPinAction, &VehicleAction::parentalcontrolsclearpinaction,
          clear_parental_pin),
      row(VehicleAction::kParentalControlsClearPinAdminAction, &VehicleAction::parentalcontrolsclearpinadminaction,
          clear_parental_pin_admin),
  };
}

}  // namespace fleetsign::simulator
