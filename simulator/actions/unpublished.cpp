// SPDX-License-Identifier: Apache-2.0
// Actions that Tesla has not published. What real cars make of them is known from reports only; this one does the
// obvious thing.
#include "protocol/proto/experimental.pb.h"
#include "simulator/actions/actions.h"

namespace fleetsign::simulator {
namespace {

using Unpublished = Experimental::VehicleAction;

constexpr std::uint32_t kLocatePing = 2000;

Outcome go_to(Car& car, std::string destination, std::string_view name) {
  car.navigation.destination = std::move(destination);
  return done(name);
}

Outcome go_to_coordinates(Car& car, const Experimental::NavigationGpsRequest& request) {
  return go_to(car, std::to_string(request.lat()) + "," + std::to_string(request.lon()), "navigation_gps_request");
}

/// fleet_api.md: the ping is refused outside a mode that no private car has.
Outcome boombox(Car& car, std::uint32_t sound) {
  if (sound == kLocatePing) return refused("remote_boombox", "RemoteBoombox locate ping only allowed in robotaxi mode");
  ++car.media.boombox_sounds;
  return done("remote_boombox");
}

Outcome heat_wheel(Car& car, Experimental::SteeringWheelHeatLevel::Level level) {
  constexpr std::string_view kName = "remote_steering_wheel_heat_level_request";
  using Heat = Experimental::SteeringWheelHeatLevel;
  if (level < Heat::LEVEL_OFF || level > Heat::LEVEL_HIGH) return refused(kName, "invalid_level");
  car.climate.steering_wheel_level = level;
  return done(kName);
}

}  // namespace

Outcome perform_unpublished(Car& car, std::string_view encoded) {
  Experimental::Action action;
  if (!action.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return not_understood(UniversalMessage::MESSAGEFAULT_ERROR_DECODING);
  }
  const auto& request = action.vehicle_action();
  switch (request.vehicle_action_msg_case()) {
    case Unpublished::kNavigationRequest:
      return go_to(car, request.navigation_request().destination(), "navigation_request");
    case Unpublished::kNavigationSuperchargerRequest:
      return go_to(car, "Supercharger " + std::to_string(request.navigation_supercharger_request().id()),
                   "navigation_sc_request");
    case Unpublished::kNavigationGpsRequest:
      return go_to_coordinates(car, request.navigation_gps_request());
    case Unpublished::kNavigationWaypointsRequest:
      return go_to(car, request.navigation_waypoints_request().waypoints(), "navigation_waypoints_request");
    case Unpublished::kUpcomingCalendarEntries:
      car.software.calendar = request.upcoming_calendar_entries().calendar_data();
      return done("upcoming_calendar_entries");
    case Unpublished::kTakeDrivenote:
      car.software.drive_notes.push_back(request.take_drivenote().note());
      return done("take_drivenote");
    case Unpublished::kBoombox:
      return boombox(car, request.boombox().sound());
    case Unpublished::kAutoSteeringWheelHeat:
      car.climate.steering_wheel_auto = request.auto_steering_wheel_heat().on();
      return done("remote_auto_steering_wheel_heat_climate_request");
    case Unpublished::kSteeringWheelHeatLevel:
      return heat_wheel(car, request.steering_wheel_heat_level().level());
    default:
      return not_understood(UniversalMessage::MESSAGEFAULT_ERROR_INVALID_COMMAND);
  }
}

}  // namespace fleetsign::simulator
