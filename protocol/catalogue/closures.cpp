// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

using VCSEC::ClosureMoveRequest;
using SunRoof = CarServer::VehicleControlSunroofOpenCloseAction;
using Windows = CarServer::VehicleControlWindowAction;

struct Trunk {
  void (ClosureMoveRequest::*set)(VCSEC::ClosureMoveType_E);
};

template <VCSEC::ClosureMoveType_E kMove>
Command tonneau(std::string_view name, std::string_view summary) {
  return vehicle_security(name, Repeat::safe, summary,
                          [](UnsignedMessage& message) { message.mutable_closuremoverequest()->set_tonneau(kMove); });
}

/// No message stops a sun roof: that goes to Fleet API's own endpoint.
constexpr Member<SunRoof> kStop{};

std::optional<Failure> move_sun_roof(VehicleAction& action, Circumstances& circumstances,
                                     std::optional<Member<SunRoof>> state, std::optional<std::int32_t> level) {
  if (state && level) return bad_parameter("level", "it is given together with state, but only one can be meant");
  if (!state && !level) return bad_parameter("state", "either state or level is needed");
  auto& sun_roof = *action.mutable_vehiclecontrolsunroofopencloseaction();
  if (level) {
    sun_roof.set_absolute_level(*level);
  } else if (state->mutable_member == kStop.mutable_member) {
    circumstances.forward = true;
  } else {
    state->put_into(sun_roof);
  }
  return std::nullopt;
}

}  // namespace

std::vector<Command> closure_rows() {
  return {
      vehicle_security(
          "actuate_trunk", Repeat::once, "Open the front trunk; open or close the rear one",
          [](UnsignedMessage& message, Trunk trunk) {
            (message.mutable_closuremoverequest()->*trunk.set)(VCSEC::CLOSURE_MOVE_TYPE_MOVE);
          },
          choice<Trunk>("which_trunk", "Which trunk",
                        {{{}, {"front"}, {&ClosureMoveRequest::set_fronttrunk}},
                         {{}, {"rear"}, {&ClosureMoveRequest::set_reartrunk}}})),
      tonneau<VCSEC::CLOSURE_MOVE_TYPE_CLOSE>("close_tonneau", "Close the tonneau cover"),
      vehicle_security("close_trunk", Repeat::safe, "Close the rear trunk, where it has a motor",
                       [](UnsignedMessage& message) {
                         message.mutable_closuremoverequest()->set_reartrunk(VCSEC::CLOSURE_MOVE_TYPE_CLOSE);
                       }),
      infotainment("flash_lights", Repeat::once, "Flash the headlights",
                   [](VehicleAction& action) { action.mutable_vehiclecontrolflashlightsaction(); }),
      infotainment("honk_horn", Repeat::once, "Sound the horn",
                   [](VehicleAction& action) { action.mutable_vehiclecontrolhonkhornaction(); }),
      tonneau<VCSEC::CLOSURE_MOVE_TYPE_OPEN>("open_tonneau", "Open the tonneau cover"),
      tonneau<VCSEC::CLOSURE_MOVE_TYPE_STOP>("stop_tonneau", "Stop the tonneau cover"),
      infotainment("sun_roof_control", Repeat::safe, "Vent, close, stop or set the sun roof", move_sun_roof,
                   choice<Member<SunRoof>>("state", "What to do, instead of a level",
                                           {{{}, {"vent"}, {&SunRoof::mutable_vent}},
                                            {{}, {"close"}, {&SunRoof::mutable_close}},
                                            {{}, {"stop"}, kStop}})
                       .optional()
                       .in_example(),
                   whole("level", "How far to open it", {.min = 0, .max = 100}).unit("percent").example(50).optional()),
      infotainment(
          "trigger_homelink", Repeat::once, "Open or close the HomeLink door nearby",
          [](VehicleAction& action, float lat, float lon, std::string token) {
            auto& homelink = *action.mutable_vehiclecontroltriggerhomelinkaction();
            homelink.mutable_location()->set_latitude(lat);
            homelink.mutable_location()->set_longitude(lon);
            homelink.set_token(std::move(token));
          },
          latitude(), longitude(), any_text("token", "HomeLink token").example("token").private_value().or_else("")),
      infotainment(
          "window_control", Repeat::safe, "Vent or close all windows",
          [](VehicleAction& action, Member<Windows> move) {
            move.put_into(*action.mutable_vehiclecontrolwindowaction());
          },
          choice<Member<Windows>>(
              "command", "What to do",
              {{{}, {"vent"}, {&Windows::mutable_vent}}, {{}, {"close"}, {&Windows::mutable_close}}})),
  };
}

}  // namespace fleetsign::catalogue
