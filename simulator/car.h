// SPDX-License-Identifier: Apache-2.0
// What a simulated car is like: plain data, by subject. Commands change it, vehicle_data shows it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/proto/common.pb.h"

namespace fleetsign::simulator {

/// Where the car stands, and where its driver lives.
inline constexpr float kHomeLatitude = 52.52F;
inline constexpr float kHomeLongitude = 13.40F;

// What the car can do at most; vehicle_data shows these ranges.
inline constexpr int kLowestChargeLimit = 50;
inline constexpr int kStandardChargeLimit = 90;
inline constexpr int kHighestChargeLimit = 100;
inline constexpr int kHighestAmps = 32;
inline constexpr float kLowestCelsius = 15.0F;
inline constexpr float kHighestCelsius = 28.0F;
inline constexpr float kHighestVolume = 11.0F;
inline constexpr double kLowestSpeedLimitMph = 50;
inline constexpr double kHighestSpeedLimitMph = 120;

struct Closures {
  bool locked = true;
  bool frunk_open = false;
  bool trunk_open = false;
  bool windows_vented = false;
  int sun_roof_percent = 0;
  int tonneau_percent = 0;
  int tonneau_came_from = 0;  ///< where its last move began, in percent
  bool remote_start = false;
  std::uint64_t flashes = 0;
  std::uint64_t honks = 0;
  std::uint64_t homelink_triggers = 0;
};

struct ScheduledDeparture {
  bool enabled = false;
  int departure_time = 0;  ///< minutes after midnight
  bool preconditioning = false;
  bool preconditioning_weekdays_only = false;
  bool off_peak = false;
  bool off_peak_weekdays_only = false;
  int off_peak_end_time = 0;  ///< minutes after midnight
};

enum class Cable : std::uint8_t { plugged_in, unplugged };

/// The car stands at its charger. Only a person plugs its cable in or out; its port closes when the cable is out.
struct Charging {
  bool charging = false;
  Cable cable = Cable::plugged_in;
  bool port_open = true;
  bool port_latched = true;  ///< holds the cable, or the door that is closed
  int battery_percent = 60;
  int limit_percent = kStandardChargeLimit;
  int amps = 16;
  std::optional<int> scheduled_start;  ///< minutes after midnight
  ScheduledDeparture departure;
  std::vector<CarServer::ChargeSchedule> schedules;
  std::vector<CarServer::PreconditionSchedule> precondition_schedules;
};

struct Climate {
  bool on = false;
  float driver_celsius = 20.0F;
  float passenger_celsius = 20.0F;
  bool preconditioning_max = false;
  bool bioweapon_mode = false;
  bool overheat_protection = false;
  bool overheat_fan_only = false;
  int overheat_temperature = 3;  ///< as CopActivationTemp: 1 low, 2 medium, 3 high
  int keeper = 0;                ///< as ClimateKeeperAction_E: 0 off, 1 keep, 2 dog, 3 camp
  /// Levels 0 to 3 by position: front left and right, rear left, its back, centre, rear right, its back, third row.
  std::array<int, 9> seat_heaters{};
  std::array<int, 2> seat_coolers{};  ///< levels 0 to 3: front left, front right
  std::array<bool, 2> auto_seats{};   ///< front left, front right
  bool steering_wheel_heater = false;
  int steering_wheel_level = 1;  ///< as SteeringWheelHeatLevel: 1 off, 2 low, 3 high
  bool steering_wheel_auto = false;
};

struct Media {
  bool playing = false;
  float volume = 3.0F;
  int track = 1;
  int favorite = 1;
  std::uint64_t boombox_sounds = 0;
};

struct Navigation {
  std::string destination;
};

/// A mode that is guarded by a PIN; the PIN is kept when the mode is off.
struct GuardedMode {
  bool on = false;
  std::string pin;
};

struct Security {
  bool sentry = false;
  bool guest_mode = false;
  GuardedMode valet;
  GuardedMode pin_to_drive;
  GuardedMode speed_limit;
  double speed_limit_mph = 85;
  GuardedMode parental_controls;
  std::array<bool, 7> parental_settings{};  ///< as ParentalControlsSetting_E
  double parental_speed_limit_mph = 85;
  std::uint64_t erasures = 0;
};

struct Software {
  std::string vehicle_name = "Simulated car";
  bool update_scheduled = false;
  int update_in_seconds = 0;
  bool low_power_mode = false;
  bool keep_accessory_power = false;
  std::string calendar;
  std::vector<std::string> drive_notes;
};

struct Car {
  Closures closures;
  Charging charging;
  Climate climate;
  Media media;
  Navigation navigation;
  Security security;
  Software software;
};

}  // namespace fleetsign::simulator
