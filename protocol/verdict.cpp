// SPDX-License-Identifier: Apache-2.0
#include "protocol/verdict.h"

#include "protocol/fault.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/vcsec.pb.h"

namespace fleetsign::protocol {
namespace {

Failure unclear(std::string message) {
  return {.kind = Kind::vehicle_error_unclear, .message = std::move(message)};
}

template <class Message>
bool parse(Message& message, const crypto::Bytes& bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Failure undecodable() {
  return {.kind = Kind::upstream_malformed, .message = "the vehicle's answer cannot be decoded"};
}

Verdict read_signed_message_error(const VCSEC::SignedMessage_status& status) {
  const auto information = status.signedmessageinformation();
  switch (information) {
    case VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST:
      return key_not_paired();
    case VCSEC::SIGNEDMESSAGE_INFORMATION_NONE:
    case VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_UNKNOWN:
      return unclear("the vehicle reported an error without saying which");
    case VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED:
    case VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN:
    case VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID:
      // As with INVALID_TOKEN_OR_COUNTER: this very command may have come twice.
      return unclear("the vehicle has seen this counter before, perhaps with this very command");
    default:
      break;
  }
  const auto name = VCSEC::SignedMessage_information_E_Name(information);
  if (name.empty()) return unclear("the vehicle reported an error that fleetsign does not know");
  return Failure{.kind = Kind::vehicle_error, .message = "the vehicle did not accept the message: " + name};
}

Verdict read_command_status(const VCSEC::CommandStatus& status) {
  switch (status.operationstatus()) {
    case VCSEC::OPERATIONSTATUS_OK:
      return Accepted{};
    case VCSEC::OPERATIONSTATUS_WAIT:
      return NotNow{};
    default:
      break;
  }
  if (status.has_signedmessagestatus()) return read_signed_message_error(status.signedmessagestatus());
  const auto information = status.whitelistoperationstatus().whitelistoperationinformation();
  const auto reason = VCSEC::WhitelistOperation_information_E_Name(information);
  if (information != VCSEC::WHITELISTOPERATION_INFORMATION_NONE && !reason.empty()) return Refused{reason};
  return unclear("the vehicle reported an error without saying which");
}

Verdict read_vehicle_security(const crypto::Bytes& payload) {
  VCSEC::FromVCSECMessage message;
  if (!parse(message, payload)) return undecodable();
  if (message.has_nominalerror()) {
    const auto error = message.nominalerror().genericerror();
    const auto name = Errors::GenericError_E_Name(error);
    return Refused{name.empty() ? "GENERICERROR_" + std::to_string(error) : name};
  }
  if (message.has_commandstatus()) return read_command_status(message.commandstatus());
  return Accepted{};
}

Verdict read_infotainment(const crypto::Bytes& payload) {
  CarServer::Response response;
  if (!parse(response, payload)) return undecodable();
  if (!response.has_actionstatus()) {
    if (response.response_msg_case() != CarServer::Response::RESPONSE_MSG_NOT_SET) return Accepted{};
    return unclear("the vehicle answered without a verdict");
  }
  switch (response.actionstatus().result()) {
    case CarServer::OPERATIONSTATUS_OK:
      return Accepted{};
    case CarServer::OPERATIONSTATUS_ERROR: {
      const auto& reason = response.actionstatus().result_reason().plain_text();
      return Refused{reason.empty() ? "unspecified error" : reason};
    }
    default:
      return unclear("the vehicle answered with a verdict that fleetsign does not know");
  }
}

}  // namespace

Verdict read_verdict(Domain domain, const Reply& reply) {
  switch (reply.operation_status) {
    case OperationStatus::ok:
      break;
    case OperationStatus::wait:
      return NotNow{};
    case OperationStatus::error:
      return unclear("the vehicle reported an error without saying which");
  }
  if (!reply.payload) return Accepted{};
  return domain == Domain::vehicle_security ? read_vehicle_security(*reply.payload) : read_infotainment(*reply.payload);
}

}  // namespace fleetsign::protocol
