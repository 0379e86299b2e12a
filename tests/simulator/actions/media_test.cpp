// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/simulator/actions/driven_car.h"

namespace {

using CarServer::VehicleAction;
using fleetsign::test::DrivenCar;

fleetsign::simulator::Json media(const DrivenCar& car, const std::string& member) {
  return car.shown("vehicle_state", "media_info").at(member);
}

}  // namespace

TEST_CASE("media: playback toggles") {
  DrivenCar car;
  VehicleAction action;
  action.mutable_mediaplayaction();
  CHECK(media(car, "media_playback_status") == "Stopped");
  CHECK(car.act(action) == "");
  CHECK(media(car, "media_playback_status") == "Playing");
  CHECK(car.act(action) == "");
  CHECK(media(car, "media_playback_status") == "Stopped");
}

TEST_CASE("media: the volume is set or stepped, from silent to as loud as it gets") {
  DrivenCar car;
  VehicleAction action;
  auto& volume = *action.mutable_mediaupdatevolume();
  volume.set_volume_absolute_float(10.5F);
  CHECK(car.act(action) == "");
  CHECK(car.name() == "adjust_volume");
  CHECK(media(car, "audio_volume") == 10.5);
  volume.set_volume_delta(1);
  CHECK(car.act(action) == "");
  CHECK(car.name() == "media_volume_up");
  CHECK(media(car, "audio_volume") == 11.0);
  volume.set_volume_delta(-1);
  CHECK(car.act(action) == "");
  CHECK(car.name() == "media_volume_down");
  CHECK(media(car, "audio_volume") == 10.0);
  volume.set_volume_absolute_float(0);
  CHECK(car.act(action) == "");
  CHECK(media(car, "audio_volume") == 0.0);
  volume.clear_media_volume();
  CHECK(car.act(action) == "invalid_volume");
}

TEST_CASE("media: tracks and favourites go round") {
  DrivenCar car;
  VehicleAction next;
  next.mutable_medianexttrack();
  VehicleAction previous;
  previous.mutable_mediaprevioustrack();
  CHECK(car.act(previous) == "");
  CHECK(media(car, "now_playing_title") == "Track 12");
  CHECK(car.act(next) == "");
  CHECK(car.act(next) == "");
  CHECK(media(car, "now_playing_title") == "Track 2");

  VehicleAction next_favorite;
  next_favorite.mutable_medianextfavorite();
  VehicleAction previous_favorite;
  previous_favorite.mutable_mediapreviousfavorite();
  CHECK(car.act(next_favorite) == "");
  CHECK(media(car, "now_playing_station") == "Favorite 2");
  CHECK(car.act(previous_favorite) == "");
  CHECK(car.act(previous_favorite) == "");
  CHECK(media(car, "now_playing_station") == "Favorite 5");
}
