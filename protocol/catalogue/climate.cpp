// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

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
  temperatures.set_driver_temp_celsius(driver.value_or(passenger.value_or(0)));
  temperatures.set_passenger_temp_celsius(passenger.value_or(driver.value_or(0)));
  return std::nullopt;
}

}  // namespace

std::vector<Command> climate_rows() {
  return {
      conditioning<true>("auto_conditioning_start", "Start to heat or cool the cabin"),
      conditioning<false>("auto_conditioning_stop", "Stop to heat or cool the cabin"),
      infotainment(
          "set_temps", Repeat::safe, "Set the temperature; one of them alone is for both sides", set_temps,
          real<float>("driver_temp", "On the driver's side")
              .unit("degrees Celsius")
              .example(21)
              .optional()
              .in_example(),
          real<float>("passenger_temp", "On the passenger's side").unit("degrees Celsius").example(21).optional()),
  };
}

}  // namespace fleetsign::catalogue
