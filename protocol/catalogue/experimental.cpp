// SPDX-License-Identifier: Apache-2.0
// Commands whose messages Tesla has not published (protocol/proto/experimental.proto).
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

using Action = Experimental::VehicleAction;
using Heat = Experimental::SteeringWheelHeatLevel;
using Order = Experimental::TripOrder;

Typed<Order> order() {
  return choice<Order>("order", "Where it goes among the stops of the trip",
                       {{0, {"unknown"}, Experimental::TRIP_ORDER_UNKNOWN},
                        {1, {"replace"}, Experimental::TRIP_ORDER_REPLACE},
                        {2, {"prepend"}, Experimental::TRIP_ORDER_PREPEND},
                        {3, {"append"}, Experimental::TRIP_ORDER_APPEND}})
      .example(1);
}

/// Fleet API's own form of this command is a shared text that its servers resolve; nothing of it can be signed.
std::optional<Failure> navigate(Action& action, Circumstances& circumstances, std::optional<std::string> destination,
                                Order order) {
  circumstances.forward = !destination;
  if (!destination) return std::nullopt;
  auto& navigation = *action.mutable_navigation_request();
  navigation.set_destination(*std::move(destination));
  navigation.set_order(order);
  return std::nullopt;
}

/// Fleet API's levels, which leave 2 out, and the vehicle's, whose 0 is "unknown".
Typed<Heat::Level> wheel_level() {
  return choice<Heat::Level>(
      "level", "How warm",
      {{0, {"off"}, Heat::LEVEL_OFF}, {1, {"low"}, Heat::LEVEL_LOW}, {3, {"high"}, Heat::LEVEL_HIGH}});
}

}  // namespace

std::vector<Command> experimental_rows() {
  return {
      experimental(
          "navigation_gps_request", Repeat::once, "Navigate to coordinates",
          [](Action& action, double lat, double lon, Order order) {
            auto& navigation = *action.mutable_navigation_gps_request();
            navigation.set_lat(lat);
            navigation.set_lon(lon);
            navigation.set_order(order);
          },
          latitude<double>(), longitude<double>(), order()),
      experimental(
          "navigation_request", Repeat::once,
          "Navigate to an address; Fleet API resolves one that comes in its own form", navigate,
          text("destination", "The address").example("Alexanderplatz, Berlin").private_value().optional().in_example(),
          order().or_else(Experimental::TRIP_ORDER_REPLACE)),
      experimental(
          "navigation_sc_request", Repeat::once, "Navigate to a Supercharger",
          [](Action& action, std::int32_t id, Order order) {
            auto& navigation = *action.mutable_navigation_supercharger_request();
            navigation.set_id(id);
            navigation.set_order(order);
          },
          whole("id", "Which Supercharger", {.min = 1}), order()),
      experimental(
          "navigation_waypoints_request", Repeat::once, "Navigate along several places",
          [](Action& action, std::string places) {
            action.mutable_navigation_waypoints_request()->set_waypoints(std::move(places));
          },
          text("waypoints", "Comma list of refId:PLACE, by the ids of Google's places")
              .example("refId:PLACE1,refId:PLACE2")
              .private_value()),
      experimental(
          "remote_auto_steering_wheel_heat_climate_request", Repeat::safe,
          "Heat the steering wheel automatically, or do not",
          [](Action& action, bool on) { action.mutable_auto_steering_wheel_heat()->set_on(on); },
          flag("on", "On or off")),
      experimental(
          "remote_boombox", Repeat::once, "Play a sound outside",
          [](Action& action, std::int32_t sound) {
            action.mutable_boombox()->set_sound(static_cast<std::uint32_t>(sound));
          },
          whole("sound", "Which sound: 0 a random one, 2000 to be found", {.min = 0}).example(0)),
      experimental(
          "remote_steering_wheel_heat_level_request", Repeat::safe, "Set how far to heat the steering wheel",
          [](Action& action, Heat::Level level) { action.mutable_steering_wheel_heat_level()->set_level(level); },
          wheel_level()),
      experimental(
          "take_drivenote", Repeat::once, "Record a drive note",
          [](Action& action, std::string note) { action.mutable_take_drivenote()->set_note(std::move(note)); },
          text("note", "What to note").private_value()),
      experimental(
          "upcoming_calendar_entries", Repeat::safe, "Send calendar entries to the vehicle",
          [](Action& action, std::string entries) {
            action.mutable_upcoming_calendar_entries()->set_calendar_data(std::move(entries));
          },
          text("calendar_data", "The entries, as the vehicle's calendar reads them").private_value()),
  };
}

}  // namespace fleetsign::catalogue
