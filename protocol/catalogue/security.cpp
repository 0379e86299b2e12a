// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

template <VCSEC::RKEAction_E kAction>
Command key_fob(std::string_view name, std::string_view summary) {
  return vehicle_security(name, Repeat::safe, summary,
                          [](UnsignedMessage& message) { message.set_rkeaction(kAction); });
}

Typed<std::string> password(std::string_view summary) {
  return any_text("password", summary).example("1234").private_value();
}

std::optional<Failure> set_valet_mode(VehicleAction& action, Circumstances& circumstances, bool on,
                                      std::optional<std::string> code) {
  auto& valet = *action.mutable_vehiclecontrolsetvaletmodeaction();
  valet.set_on(on);
  if (!on) {
    circumstances.refusal = Refusal::already_off_is_success;
    return std::nullopt;
  }
  if (!code || !is_pin(*code)) return bad_parameter("password", "four digits are needed to turn valet mode on");
  valet.set_password(std::move(*code));
  return std::nullopt;
}

}  // namespace

std::vector<Command> security_rows() {
  return {
      key_fob<VCSEC::RKE_ACTION_AUTO_SECURE_VEHICLE>("auto_secure_vehicle", "Close and lock the vehicle"),
      infotainment("clear_pin_to_drive_admin", Repeat::safe, "Remove the PIN to Drive, as owner or fleet manager",
                   [](VehicleAction& action) { action.mutable_vehiclecontrolresetpintodriveadminaction(); }),
      key_fob<VCSEC::RKE_ACTION_LOCK>("door_lock", "Lock the doors"),
      key_fob<VCSEC::RKE_ACTION_UNLOCK>("door_unlock", "Unlock the doors"),
      infotainment("erase_user_data", Repeat::safe, "Erase the user's data; the vehicle is parked and in guest mode",
                   [](VehicleAction& action) { action.mutable_eraseuserdataaction(); }),
      infotainment(
          "guest_mode", Repeat::safe, "Turn guest mode on or off",
          [](VehicleAction& action, bool enable) { action.mutable_guestmodeaction()->set_guestmodeactive(enable); },
          flag("enable", "On or off")),
      key_fob<VCSEC::RKE_ACTION_REMOTE_DRIVE>("remote_start_drive", "Allow driving without a key"),
      infotainment("reset_pin_to_drive_pin", Repeat::safe, "Forget the PIN to Drive while it is not active",
                   [](VehicleAction& action) { action.mutable_vehiclecontrolresetpintodriveaction(); }),
      infotainment("reset_valet_pin", Repeat::safe, "Forget the PIN of valet mode while it is off",
                   [](VehicleAction& action) { action.mutable_vehiclecontrolresetvaletpinaction(); }),
      infotainment(
          "set_pin_to_drive", Repeat::safe, "Ask for a PIN before driving, or do not",
          [](VehicleAction& action, bool on, std::string code) {
            auto& pin_to_drive = *action.mutable_vehiclecontrolsetpintodriveaction();
            pin_to_drive.set_on(on);
            pin_to_drive.set_password(std::move(code));
          },
          flag("on", "On or off"), password("The PIN, where the vehicle has none yet").or_else("")),
      infotainment(
          "set_sentry_mode", Repeat::safe, "Turn Sentry Mode on or off",
          [](VehicleAction& action, bool on) { action.mutable_vehiclecontrolsetsentrymodeaction()->set_on(on); },
          flag("on", "On or off")),
      infotainment("set_valet_mode", Repeat::safe, "Turn valet mode on or off", set_valet_mode, flag("on", "On or off"),
                   password("Four digits, needed to turn it on").optional().in_example()),
  };
}

}  // namespace fleetsign::catalogue
