// SPDX-License-Identifier: Apache-2.0
#include "protocol/verdict.h"

#include <algorithm>
#include <array>
#include <utility>

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

/// What VCSEC calls a fault in a payload, and the MessageFault_E that says the same.
struct SignedMessageRow {
  VCSEC::SignedMessage_information_E information;
  std::uint32_t fault;
};

constexpr std::array kSignedMessageFaults = {
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST, 3},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED, 6},  // the IV held the counter
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN, 6},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID, 6},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_AES_DECRYPT_AUTH, 5},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_ECDSA_INPUT, 5},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_ECDSA_SIGNATURE, 5},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_LOCAL_ENTITY_START, 11},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_LOCAL_ENTITY_RESULT, 11},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_COULD_NOT_RETRIEVE_KEY, 11},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_COULD_NOT_RETRIEVE_TOKEN, 11},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_SIGNATURE_TOO_SHORT, 5},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_IS_INCORRECT_LENGTH, 13},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_INCORRECT_EPOCH, 15},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_IV_INCORRECT_LENGTH, 16},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_TIME_EXPIRED, 17},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_NOT_PROVISIONED_WITH_IDENTITY, 18},
    SignedMessageRow{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_COULD_NOT_HASH_METADATA, 19},
};

Verdict read_signed_message_error(const VCSEC::SignedMessage_status& status) {
  const auto information = status.signedmessageinformation();
  const auto* row = std::ranges::find(kSignedMessageFaults, information, &SignedMessageRow::information);
  if (row == kSignedMessageFaults.end()) return unclear("the vehicle reported an error without saying which");
  return Fault{.code = row->fault, .name = VCSEC::SignedMessage_information_E_Name(information)};
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
      // Anybody on the way may say so, and the command would be signed again and again: what the vehicle has encrypted
      // counts more.
      if (reply.authenticated) break;
      return NotNow{};
    case OperationStatus::error:
      return unclear("the vehicle reported an error without saying which");
  }
  if (!reply.payload) return Accepted{};
  return domain == Domain::vehicle_security ? read_vehicle_security(*reply.payload) : read_infotainment(*reply.payload);
}

}  // namespace fleetsign::protocol
