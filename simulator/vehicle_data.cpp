// SPDX-License-Identifier: Apache-2.0
// The objects of vehicle_data. Members that no command changes are there because clients read them.
#include <algorithm>
#include <array>
#include <string>

#include "protocol/proto/car_server.pb.h"
#include "simulator/vehicle_json.h"

namespace fleetsign::simulator {
namespace {

constexpr std::array<std::string_view, 4> kKeeperModes{"off", "on", "dog", "camp"};
constexpr std::array<std::string_view, 4> kOverheatTemperatures{"Unspecified", "Low", "Medium", "High"};
constexpr std::array<std::string_view, 9> kSeatHeaters{
    "seat_heater_left",           "seat_heater_right",      "seat_heater_rear_left",       "seat_heater_rear_left_back",
    "seat_heater_rear_center",    "seat_heater_rear_right", "seat_heater_rear_right_back", "seat_heater_third_row_left",
    "seat_heater_third_row_right"};
constexpr int kWindowClosed = 0;
constexpr int kWindowVented = 1;

std::string_view charging_state(const Charging& charging) {
  if (charging.cable == Cable::unplugged) return "Disconnected";
  if (charging.charging) return "Charging";
  return charging.battery_percent >= charging.limit_percent ? "Complete" : "Stopped";
}

std::string_view scheduled_mode(const Charging& charging) {
  if (charging.departure.enabled) return "DepartBy";
  return charging.scheduled_start ? "StartAt" : "Off";
}

Json charge_state(const Car& car) {
  const auto& charging = car.charging;
  const auto& departure = charging.departure;
  return {{"battery_level", charging.battery_percent},
          {"usable_battery_level", charging.battery_percent},
          {"battery_range", charging.battery_percent * 3.0},
          {"charge_amps", charging.amps},
          {"charge_current_request", charging.amps},
          {"charge_current_request_max", kHighestAmps},
          {"charge_enable_request", charging.charging},
          {"charge_limit_soc", charging.limit_percent},
          {"charge_limit_soc_max", kHighestChargeLimit},
          {"charge_limit_soc_min", kLowestChargeLimit},
          {"charge_limit_soc_std", kStandardChargeLimit},
          {"charge_port_door_open", charging.port_open},
          {"charge_port_latch", charging.port_latched ? "Engaged" : "Disengaged"},
          {"charger_actual_current", charging.charging ? charging.amps : 0},
          {"charging_state", charging_state(charging)},
          {"conn_charge_cable", charging.cable == Cable::plugged_in ? "IEC" : "<invalid>"},
          {"off_peak_charging_enabled", departure.enabled && departure.off_peak},
          {"off_peak_charging_times", departure.off_peak_weekdays_only ? "weekdays" : "all_week"},
          {"off_peak_hours_end_time", departure.off_peak_end_time},
          {"preconditioning_enabled", departure.enabled && departure.preconditioning},
          {"preconditioning_times", departure.preconditioning_weekdays_only ? "weekdays" : "all_week"},
          {"scheduled_charging_mode", scheduled_mode(charging)},
          {"scheduled_charging_pending", charging.scheduled_start.has_value()},
          {"scheduled_charging_start_time_minutes",
           charging.scheduled_start ? Json(*charging.scheduled_start) : Json(nullptr)},
          {"scheduled_departure_time_minutes", departure.enabled ? Json(departure.departure_time) : Json(nullptr)}};
}

Json climate_state(const Car& car) {
  const auto& climate = car.climate;
  Json json{
      {"is_climate_on", climate.on},
      {"is_auto_conditioning_on", climate.on},
      {"is_preconditioning", climate.on},
      {"driver_temp_setting", climate.driver_celsius},
      {"passenger_temp_setting", climate.passenger_celsius},
      {"min_avail_temp", kLowestCelsius},
      {"max_avail_temp", kHighestCelsius},
      {"inside_temp", 19.5},
      {"outside_temp", 12.0},
      {"defrost_mode", climate.preconditioning_max ? 2 : 0},
      {"bioweapon_mode", climate.bioweapon_mode},
      {"cabin_overheat_protection", climate.overheat_fan_only     ? "FanOnly"
                                    : climate.overheat_protection ? "On"
                                                                  : "Off"},
      {"cop_activation_temperature", kOverheatTemperatures.at(static_cast<std::size_t>(climate.overheat_temperature))},
      {"climate_keeper_mode", kKeeperModes.at(static_cast<std::size_t>(climate.keeper))},
      {"steering_wheel_heater", climate.steering_wheel_heater},
      {"steering_wheel_heat_level", climate.steering_wheel_level - 1},
      {"auto_steering_wheel_heat", climate.steering_wheel_auto},
      {"remote_heater_control_enabled", climate.on},
      {"auto_seat_climate_left", climate.auto_seats[0]},
      {"auto_seat_climate_right", climate.auto_seats[1]},
      {"seat_fan_front_left", climate.seat_coolers[0]},
      {"seat_fan_front_right", climate.seat_coolers[1]}};
  for (std::size_t seat = 0; seat < kSeatHeaters.size(); ++seat) {
    json[std::string(kSeatHeaters[seat])] = climate.seat_heaters[seat];
  }
  return json;
}

Json closures_state(const Car& car) {
  const auto& closures = car.closures;
  const int window = closures.windows_vented ? kWindowVented : kWindowClosed;
  return {{"locked", closures.locked},
          {"df", 0},
          {"dr", 0},
          {"pf", 0},
          {"pr", 0},
          {"ft", closures.frunk_open ? 1 : 0},
          {"rt", closures.trunk_open ? 1 : 0},
          {"fd_window", window},
          {"fp_window", window},
          {"rd_window", window},
          {"rp_window", window},
          {"sun_roof_percent_open", closures.sun_roof_percent},
          {"tonneau_percent_open", closures.tonneau_percent}};
}

Json media_info(const Media& media) {
  return {{"audio_volume", media.volume},
          {"audio_volume_increment", 1.0},
          {"audio_volume_max", kHighestVolume},
          {"media_playback_status", media.playing ? "Playing" : "Stopped"},
          {"now_playing_title", "Track " + std::to_string(media.track)},
          {"now_playing_station", "Favorite " + std::to_string(media.favorite)}};
}

Json parental_controls(const Security& security) {
  Json settings = Json::object();
  for (std::size_t setting = 0; setting < security.parental_settings.size(); ++setting) {
    const auto name = CarServer::ParentalControlsEnableSettingsAction::ParentalControlsSetting_E_Name(
        static_cast<CarServer::ParentalControlsEnableSettingsAction::ParentalControlsSetting_E>(setting));
    settings[name] = security.parental_settings[setting];
  }
  return {{"active", security.parental_controls.on},
          {"pin_set", !security.parental_controls.pin.empty()},
          {"speed_limit_mph", security.parental_speed_limit_mph},
          {"settings", settings}};
}

Json vehicle_state(const Car& car) {
  const auto& security = car.security;
  const auto& software = car.software;
  Json json = closures_state(car);
  json.update({{"car_version", "2024.44.1 simulated"},
               {"odometer", 12345.6},
               {"is_user_present", false},
               {"remote_start", car.closures.remote_start},
               {"remote_start_supported", true},
               {"homelink_nearby", true},
               {"media_info", media_info(car.media)},
               {"parental_controls", parental_controls(security)},
               {"pin_to_drive_enabled", security.pin_to_drive.on},
               {"guest_mode", security.guest_mode},
               {"sentry_mode", security.sentry},
               {"sentry_mode_available", true},
               {"valet_mode", security.valet.on},
               {"valet_pin_needed", security.valet.pin.empty()},
               {"low_power_mode", software.low_power_mode},
               {"keep_accessory_power_mode", software.keep_accessory_power},
               {"speed_limit_mode",
                {{"active", security.speed_limit.on},
                 {"current_limit_mph", security.speed_limit_mph},
                 {"max_limit_mph", kHighestSpeedLimitMph},
                 {"min_limit_mph", kLowestSpeedLimitMph},
                 {"pin_code_set", !security.speed_limit.pin.empty()}}},
               {"vehicle_name", software.vehicle_name}});
  json["software_update"] = {
      {"status", software.update_scheduled ? "scheduled" : "available"},
      {"version", "2025.2.6"},
      {"expected_duration_sec", 2'700},
      {"scheduled_in_sec", software.update_scheduled ? Json(software.update_in_seconds) : Json(nullptr)}};
  return json;
}

Json drive_state(const Car& car) {
  return {{"power", 0},
          {"shift_state", nullptr},
          {"speed", nullptr},
          {"active_route_destination", car.navigation.destination}};
}

Json location_data(const Car&) {
  return {{"latitude", kHomeLatitude}, {"longitude", kHomeLongitude}, {"heading", 90}};
}

Json gui_settings(const Car&) {
  return {{"gui_24_hour_time", true},
          {"gui_charge_rate_units", "km/hr"},
          {"gui_distance_units", "km/hr"},
          {"gui_temperature_units", "C"}};
}

Json vehicle_config(const Car&) {
  return {{"car_type", "model3"},   {"charge_port_type", "CCS"}, {"exterior_color", "MidnightSilver"}, {"plg", true},
          {"rear_seat_heaters", 1}, {"sun_roof_installed", 1},   {"third_row_seats", "None"}};
}

Json charge_schedule_data(const Car& car) {
  Json schedules = Json::array();
  for (const auto& schedule : car.charging.schedules) {
    schedules.push_back({{"id", schedule.id()},
                         {"name", schedule.name()},
                         {"days_of_week", schedule.days_of_week()},
                         {"start_enabled", schedule.start_enabled()},
                         {"start_time", schedule.start_time()},
                         {"end_enabled", schedule.end_enabled()},
                         {"end_time", schedule.end_time()},
                         {"one_time", schedule.one_time()},
                         {"enabled", schedule.enabled()},
                         {"latitude", schedule.latitude()},
                         {"longitude", schedule.longitude()}});
  }
  return {{"charge_schedules", schedules}};
}

Json preconditioning_schedule_data(const Car& car) {
  Json schedules = Json::array();
  for (const auto& schedule : car.charging.precondition_schedules) {
    schedules.push_back({{"id", schedule.id()},
                         {"name", schedule.name()},
                         {"days_of_week", schedule.days_of_week()},
                         {"precondition_time", schedule.precondition_time()},
                         {"one_time", schedule.one_time()},
                         {"enabled", schedule.enabled()},
                         {"latitude", schedule.latitude()},
                         {"longitude", schedule.longitude()}});
  }
  return {{"precondition_schedules", schedules}};
}

struct Part {
  std::string_view name;
  Json (*read)(const Car&);
  bool unasked;  ///< comes without being asked for
};

constexpr Part kParts[] = {
    {"charge_state", charge_state, true},
    {"climate_state", climate_state, true},
    {"drive_state", drive_state, true},
    {"gui_settings", gui_settings, true},
    {"vehicle_config", vehicle_config, true},
    {"vehicle_state", vehicle_state, true},
    {"closures_state", closures_state, false},
    {"location_data", location_data, false},
    {"charge_schedule_data", charge_schedule_data, false},
    {"preconditioning_schedule_data", preconditioning_schedule_data, false},
};
constexpr std::string_view kEverything = "vehicle_data_combo";

bool lists(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto end = std::min(list.find(';'), list.size());
    if (list.substr(0, end) == name) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

Json vehicle_data(const Car& car, Milliseconds unix_time, std::string_view endpoints) {
  Json json = Json::object();
  for (const auto& part : kParts) {
    const bool wanted = endpoints.empty() ? part.unasked : lists(endpoints, part.name) || lists(endpoints, kEverything);
    if (!wanted) continue;
    Json object = part.read(car);
    object["timestamp"] = unix_time.count();
    json[std::string(part.name)] = std::move(object);
  }
  return json;
}

}  // namespace fleetsign::simulator
