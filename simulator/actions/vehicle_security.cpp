// SPDX-License-Identifier: Apache-2.0
#include "simulator/actions/vehicle_security.h"

#include <optional>
#include <string>

#include "protocol/proto/vcsec.pb.h"

namespace fleetsign::simulator {
namespace {

constexpr int kFullyOpen = 100;

Outcome succeeded(std::string name) {
  return {.name = std::move(name), .executed = true};
}

Outcome failed(std::string name, const VCSEC::FromVCSECMessage& why) {
  return {.name = std::move(name), .executed = false, .payload = why.SerializeAsString()};
}

Outcome nominal_error(std::string name, Errors::GenericError_E error) {
  VCSEC::FromVCSECMessage why;
  why.mutable_nominalerror()->set_genericerror(error);
  return failed(std::move(name), why);
}

Outcome auto_secure(Closures& closures) {
  if (closures.frunk_open || closures.trunk_open) {
    return nominal_error("auto_secure_vehicle", Errors::GENERICERROR_CLOSURES_OPEN);
  }
  closures.locked = true;
  return succeeded("auto_secure_vehicle");
}

Outcome remote_key(Closures& closures, VCSEC::RKEAction_E action) {
  switch (action) {
    case VCSEC::RKE_ACTION_UNLOCK:
      closures.locked = false;
      return succeeded("door_unlock");
    case VCSEC::RKE_ACTION_LOCK:
      closures.locked = true;
      return succeeded("door_lock");
    case VCSEC::RKE_ACTION_REMOTE_DRIVE:
      closures.remote_start = true;
      return succeeded("remote_start_drive");
    case VCSEC::RKE_ACTION_AUTO_SECURE_VEHICLE:
      return auto_secure(closures);
    default:
      return not_understood(UniversalMessage::MESSAGEFAULT_ERROR_INVALID_COMMAND);
  }
}

/// The powered lid: a plain move toggles it, as its button does.
std::optional<Outcome> move_trunk(Closures& closures, VCSEC::ClosureMoveType_E move) {
  switch (move) {
    case VCSEC::CLOSURE_MOVE_TYPE_MOVE:
      closures.trunk_open = !closures.trunk_open;
      return succeeded("actuate_trunk");
    case VCSEC::CLOSURE_MOVE_TYPE_OPEN:
      closures.trunk_open = true;
      return succeeded("open_trunk");
    case VCSEC::CLOSURE_MOVE_TYPE_CLOSE:
      closures.trunk_open = false;
      return succeeded("close_trunk");
    default:
      return std::nullopt;
  }
}

/// The front lid only opens: a person closes it.
std::optional<Outcome> move_frunk(Closures& closures, VCSEC::ClosureMoveType_E move) {
  if (move != VCSEC::CLOSURE_MOVE_TYPE_MOVE && move != VCSEC::CLOSURE_MOVE_TYPE_OPEN) return std::nullopt;
  closures.frunk_open = true;
  return succeeded("actuate_trunk");
}

void start_tonneau(Closures& closures, int target_percent) {
  closures.tonneau_came_from = closures.tonneau_percent;
  closures.tonneau_percent = target_percent;
}

/// The car has no clock: a move is over at once for who looks, and half over for who stops it.
void stop_tonneau(Closures& closures) {
  closures.tonneau_percent = (closures.tonneau_came_from + closures.tonneau_percent) / 2;
  closures.tonneau_came_from = closures.tonneau_percent;
}

std::optional<Outcome> move_tonneau(Closures& closures, VCSEC::ClosureMoveType_E move) {
  switch (move) {
    case VCSEC::CLOSURE_MOVE_TYPE_OPEN:
      start_tonneau(closures, kFullyOpen);
      return succeeded("open_tonneau");
    case VCSEC::CLOSURE_MOVE_TYPE_CLOSE:
      start_tonneau(closures, 0);
      return succeeded("close_tonneau");
    case VCSEC::CLOSURE_MOVE_TYPE_STOP:
      stop_tonneau(closures);
      return succeeded("stop_tonneau");
    default:
      return std::nullopt;
  }
}

/// Doors and charge port of this car do not move on their own.
Outcome move_closure(Closures& closures, const VCSEC::ClosureMoveRequest& request) {
  if (auto moved = move_trunk(closures, request.reartrunk())) return *moved;
  if (auto moved = move_frunk(closures, request.fronttrunk())) return *moved;
  if (auto moved = move_tonneau(closures, request.tonneau())) return *moved;
  return not_understood(UniversalMessage::MESSAGEFAULT_ERROR_INVALID_COMMAND);
}

Outcome report_status(const Closures& closures) {
  VCSEC::FromVCSECMessage message;
  auto& status = *message.mutable_vehiclestatus();
  status.set_vehiclelockstate(closures.locked ? VCSEC::VEHICLELOCKSTATE_LOCKED : VCSEC::VEHICLELOCKSTATE_UNLOCKED);
  status.set_vehiclesleepstatus(VCSEC::VEHICLE_SLEEP_STATUS_AWAKE);
  status.set_userpresence(VCSEC::VEHICLE_USER_PRESENCE_NOT_PRESENT);
  auto& lids = *status.mutable_closurestatuses();
  lids.set_fronttrunk(closures.frunk_open ? VCSEC::CLOSURESTATE_OPEN : VCSEC::CLOSURESTATE_CLOSED);
  lids.set_reartrunk(closures.trunk_open ? VCSEC::CLOSURESTATE_OPEN : VCSEC::CLOSURESTATE_CLOSED);
  lids.set_tonneau(closures.tonneau_percent > 0 ? VCSEC::CLOSURESTATE_OPEN : VCSEC::CLOSURESTATE_CLOSED);
  status.mutable_detailedclosurestatus()->set_tonneaupercentopen(static_cast<std::uint32_t>(closures.tonneau_percent));
  return {.name = "vehicle_status", .executed = true, .payload = message.SerializeAsString()};
}

/// Only an owner's key may change who has keys, and the keys of this simulation are not owners'.
Outcome refuse_key_change() {
  VCSEC::FromVCSECMessage why;
  auto& status = *why.mutable_commandstatus();
  status.set_operationstatus(VCSEC::OPERATIONSTATUS_ERROR);
  auto& whitelist = *status.mutable_whitelistoperationstatus();
  whitelist.set_whitelistoperationinformation(VCSEC::WHITELISTOPERATION_INFORMATION_NO_PERMISSION_TO_ADD);
  whitelist.set_operationstatus(VCSEC::OPERATIONSTATUS_ERROR);
  return failed("whitelist_operation", why);
}

}  // namespace

Outcome perform_security_command(Car& car, std::string_view encoded) {
  VCSEC::UnsignedMessage message;
  if (!message.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return not_understood(UniversalMessage::MESSAGEFAULT_ERROR_DECODING);
  }
  switch (message.sub_message_case()) {
    case VCSEC::UnsignedMessage::kRKEAction:
      return remote_key(car.closures, message.rkeaction());
    case VCSEC::UnsignedMessage::kClosureMoveRequest:
      return move_closure(car.closures, message.closuremoverequest());
    case VCSEC::UnsignedMessage::kWhitelistOperation:
      return refuse_key_change();
    case VCSEC::UnsignedMessage::kInformationRequest:
      if (message.informationrequest().informationrequesttype() == VCSEC::INFORMATION_REQUEST_TYPE_GET_STATUS) {
        return report_status(car.closures);
      }
      break;
    default:
      break;
  }
  return not_understood(UniversalMessage::MESSAGEFAULT_ERROR_INVALID_COMMAND);
}

}  // namespace fleetsign::simulator
