// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/row.h"

namespace fleetsign::catalogue {
namespace {

template <int kSteps>
Command change_volume(std::string_view name, std::string_view summary) {
  return infotainment(name, Repeat::once, summary,
                      [](VehicleAction& action) { action.mutable_mediaupdatevolume()->set_volume_delta(kSteps); });
}

}  // namespace

std::vector<Command> media_rows() {
  return {
      infotainment(
          "adjust_volume", Repeat::safe, "Set the volume",
          [](VehicleAction& action, float volume) {
            action.mutable_mediaupdatevolume()->set_volume_absolute_float(volume);
          },
          real<float>("volume", "How loud", {.min = 0, .max = 11}).example(5)),
      infotainment("media_next_fav", Repeat::once, "Go to the next favourite",
                   [](VehicleAction& action) { action.mutable_medianextfavorite(); }),
      infotainment("media_next_track", Repeat::once, "Go to the next track",
                   [](VehicleAction& action) { action.mutable_medianexttrack(); }),
      infotainment("media_prev_fav", Repeat::once, "Go to the previous favourite",
                   [](VehicleAction& action) { action.mutable_mediapreviousfavorite(); }),
      infotainment("media_prev_track", Repeat::once, "Go to the previous track",
                   [](VehicleAction& action) { action.mutable_mediaprevioustrack(); }),
      infotainment("media_toggle_playback", Repeat::once, "Play or pause",
                   [](VehicleAction& action) { action.mutable_mediaplayaction(); }),
      change_volume<-1>("media_volume_down", "Turn the volume down by one step"),
      change_volume<1>("media_volume_up", "Turn the volume up by one step"),
  };
}

}  // namespace fleetsign::catalogue
