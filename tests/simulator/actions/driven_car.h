// SPDX-License-Identifier: Apache-2.0
// A car without a vehicle around it: what commands do, as vehicle_data shows it.
#pragma once

#include <string>

#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "simulator/actions/actions.h"
#include "simulator/actions/vehicle_security.h"
#include "simulator/vehicle_json.h"

namespace fleetsign::test {

class DrivenCar {
 public:
  /// Carries out an action; gives "" for success, else the car's reason.
  std::string act(const CarServer::VehicleAction& action) {
    CarServer::Action envelope;
    *envelope.mutable_vehicleaction() = action;
    const auto outcome = simulator::perform_action(car_, envelope.SerializeAsString());
    name_ = outcome.name;
    CarServer::Response response;
    if (outcome.fault != UniversalMessage::MESSAGEFAULT_ERROR_NONE || !response.ParseFromString(outcome.payload)) {
      return "not understood";
    }
    const bool succeeded = response.actionstatus().result() == CarServer::OPERATIONSTATUS_OK;
    if (succeeded != outcome.executed) return "the answer contradicts the deed";
    return succeeded ? "" : response.actionstatus().result_reason().plain_text();
  }

  /// As act(), for vehicle security: the name of the error stands for a reason.
  std::string act(const VCSEC::UnsignedMessage& message) {
    const auto outcome = simulator::perform_security_command(car_, message.SerializeAsString());
    name_ = outcome.name;
    if (outcome.fault != UniversalMessage::MESSAGEFAULT_ERROR_NONE) return "not understood";
    if (outcome.executed) return outcome.payload.empty() ? "" : "an answer with a payload";
    VCSEC::FromVCSECMessage answer;
    answer.ParseFromString(outcome.payload);
    if (answer.has_nominalerror()) return Errors::GenericError_E_Name(answer.nominalerror().genericerror());
    return VCSEC::WhitelistOperation_information_E_Name(
        answer.commandstatus().whitelistoperationstatus().whitelistoperationinformation());
  }

  /// A member of vehicle_data.
  [[nodiscard]] simulator::Json shown(const std::string& object, const std::string& member) const {
    return simulator::vehicle_data(car_, {}, "vehicle_data_combo").at(object).at(member);
  }

  /// What Fleet API calls the last command.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const simulator::Car& car() const { return car_; }
  simulator::Car& car() { return car_; }

 private:
  simulator::Car car_;
  std::string name_;
};

}  // namespace fleetsign::test
