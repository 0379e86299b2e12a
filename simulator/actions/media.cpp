// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "simulator/actions/actions.h"

namespace fleetsign::simulator {
namespace {

constexpr int kTracks = 12;
constexpr int kFavorites = 5;

/// Neighbours in a list that starts again at its end; positions count from 1.
int step(int position, int by, int size) {
  return (position - 1 + by + size) % size + 1;
}

Outcome toggle_playback(Car& car, const CarServer::MediaPlayAction&) {
  car.media.playing = !car.media.playing;
  return done("media_toggle_playback");
}

Outcome update_volume(Car& car, const CarServer::MediaUpdateVolume& request) {
  auto& volume = car.media.volume;
  if (request.has_volume_absolute_float()) {
    volume = std::clamp(request.volume_absolute_float(), 0.0F, kHighestVolume);
    return done("adjust_volume");
  }
  if (request.volume_delta() == 0) return refused("adjust_volume", "invalid_volume");
  volume = std::clamp(volume + static_cast<float>(request.volume_delta()), 0.0F, kHighestVolume);
  return done(request.volume_delta() > 0 ? "media_volume_up" : "media_volume_down");
}

Outcome next_track(Car& car, const CarServer::MediaNextTrack&) {
  car.media.track = step(car.media.track, 1, kTracks);
  return done("media_next_track");
}

Outcome previous_track(Car& car, const CarServer::MediaPreviousTrack&) {
  car.media.track = step(car.media.track, -1, kTracks);
  return done("media_prev_track");
}

Outcome next_favorite(Car& car, const CarServer::MediaNextFavorite&) {
  car.media.favorite = step(car.media.favorite, 1, kFavorites);
  return done("media_next_fav");
}

Outcome previous_favorite(Car& car, const CarServer::MediaPreviousFavorite&) {
  car.media.favorite = step(car.media.favorite, -1, kFavorites);
  return done("media_prev_fav");
}

}  // namespace

ActionRows media_actions() {
  return {
      row(VehicleAction::kMediaPlayAction, &VehicleAction::mediaplayaction, toggle_playback),
      row(VehicleAction::kMediaUpdateVolume, &VehicleAction::mediaupdatevolume, update_volume),
      row(VehicleAction::kMediaNextTrack, &VehicleAction::medianexttrack, next_track),
      row(VehicleAction::kMediaPreviousTrack, &VehicleAction::mediaprevioustrack, previous_track),
      row(VehicleAction::kMediaNextFavorite, &VehicleAction::medianextfavorite, next_favorite),
      row(VehicleAction::kMediaPreviousFavorite, &VehicleAction::mediapreviousfavorite, previous_favorite),
  };
}

}  // namespace fleetsign::simulator
