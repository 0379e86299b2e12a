// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

using Setting = CarServer::ParentalControlsEnableSettingsAction_ParentalControlsSetting_E;

Typed<std::string> speed_limit_pin() {
  return text("pin", "PIN of Speed Limit Mode").example("1234").private_value();
}

Typed<std::string> parental_pin() {
  return pin("pin", "PIN of parental controls, four digits");
}

Typed<Setting> parental_setting() {
  const auto& known = *CarServer::ParentalControlsEnableSettingsAction::ParentalControlsSetting_E_descriptor();
  std::vector<Choice<Setting>> choices;
  for (int i = 0; i < known.value_count(); ++i) {
    const auto& value = *known.value(i);
    choices.push_back({{}, {value.name()}, static_cast<Setting>(value.number())});
  }
  return choice<Setting>("setting", "Which setting", std::move(choices));
}

template <bool kActivate>
Command speed_limit(std::string_view name, std::string_view summary) {
  return infotainment(
      name, Repeat::safe, summary,
      [](VehicleAction& action, std::string code) {
        auto& limit = *action.mutable_drivingspeedlimitaction();
        limit.set_activate(kActivate);
        limit.set_pin(std::move(code));
      },
      speed_limit_pin());
}

template <bool kActivate>
Command parental_controls(std::string_view name, std::string_view summary) {
  return infotainment(
      name, Repeat::safe, summary,
      [](VehicleAction& action, std::string code) {
        auto& controls = *action.mutable_parentalcontrolsaction();
        controls.set_activate(kActivate);
        controls.set_pin(std::move(code));
      },
      parental_pin());
}

Typed<double> limit_mph() {
  return real<double>("limit_mph", "Top speed").unit("miles per hour").example(65);
}

}  // namespace

std::vector<Command> limit_rows() {
  return {
      parental_controls<true>("parental_controls_activate", "Turn parental controls on"),
      infotainment(
          "parental_controls_clear_pin", Repeat::safe, "Remove the PIN of parental controls",
          [](VehicleAction& action, std::string code) {
            action.mutable_parentalcontrolsclearpinaction()->set_pin(std::move(code));
          },
          parental_pin()),
      infotainment("parental_controls_clear_pin_admin", Repeat::safe,
                   "Remove the PIN of parental controls, as owner or fleet manager",
                   [](VehicleAction& action) { action.mutable_parentalcontrolsclearpinadminaction(); }),
      parental_controls<false>("parental_controls_deactivate", "Turn parental controls off"),
      infotainment(
          "parental_controls_enable_setting", Repeat::safe, "Turn one setting of parental controls on or off",
          [](VehicleAction& action, Setting setting, bool enable) {
            auto& settings = *action.mutable_parentalcontrolsenablesettingsaction();
            settings.set_setting(setting);
            settings.set_enable(enable);
          },
          parental_setting(), flag("enable", "On or off")),
      infotainment(
          "parental_controls_set_speed_limit", Repeat::safe, "Set the top speed of parental controls",
          [](VehicleAction& action, double limit) {
            action.mutable_parentalcontrolssetspeedlimitaction()->set_limit_mph(limit);
          },
          limit_mph()),
      speed_limit<true>("speed_limit_activate", "Turn Speed Limit Mode on"),
      infotainment(
          "speed_limit_clear_pin", Repeat::safe, "Remove the PIN of Speed Limit Mode",
          [](VehicleAction& action, std::string code) {
            action.mutable_drivingclearspeedlimitpinaction()->set_pin(std::move(code));
          },
          speed_limit_pin()),
      infotainment("speed_limit_clear_pin_admin", Repeat::safe,
                   "Remove the PIN of Speed Limit Mode, as owner or fleet manager",
                   [](VehicleAction& action) { action.mutable_drivingclearspeedlimitpinadminaction(); }),
      speed_limit<false>("speed_limit_deactivate", "Turn Speed Limit Mode off"),
      infotainment(
          "speed_limit_set_limit", Repeat::safe, "Set the top speed of Speed Limit Mode",
          [](VehicleAction& action, double limit) {
            action.mutable_drivingsetspeedlimitaction()->set_limit_mph(limit);
          },
          limit_mph()),
  };
}

}  // namespace fleetsign::catalogue
