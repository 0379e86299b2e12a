// SPDX-License-Identifier: Apache-2.0
#include "simulator/actions/actions.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace fleetsign::simulator {
namespace {

const ActionRows& all_actions() {
  static const ActionRows rows = [] {
    ActionRows all;
    for (auto subject : {closure_actions, charging_actions, schedule_actions, climate_actions, media_actions,
                         security_actions, software_actions}) {
      auto part = subject();
      std::move(part.begin(), part.end(), std::back_inserter(all));
    }
    return all;
  }();
  return rows;
}

Outcome outcome(std::string_view name, bool executed, const CarServer::Response& response) {
  return {.name = std::string(name), .executed = executed, .payload = response.SerializeAsString()};
}

}  // namespace

Outcome done(std::string_view name) {
  CarServer::Response response;
  response.mutable_actionstatus();
  return outcome(name, true, response);
}

Outcome refused(std::string_view name, std::string_view reason) {
  CarServer::Response response;
  auto& status = *response.mutable_actionstatus();
  status.set_result(CarServer::OPERATIONSTATUS_ERROR);
  status.mutable_result_reason()->set_plain_text(std::string(reason));
  return outcome(name, false, response);
}

Outcome perform_action(Car& car, std::string_view encoded) {
  CarServer::Action action;
  if (!action.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return not_understood(UniversalMessage::MESSAGEFAULT_ERROR_DECODING);
  }
  const auto& rows = all_actions();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const ActionRow& candidate) {
    return candidate.message == action.vehicleaction().vehicle_action_msg_case();
  });
  if (row == rows.end()) return perform_unpublished(car, encoded);
  return row->perform(car, action.vehicleaction());
}

}  // namespace fleetsign::simulator
