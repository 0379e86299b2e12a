// SPDX-License-Identifier: Apache-2.0
#include "protocol/fault.h"

#include <algorithm>
#include <array>
#include <string>

namespace fleetsign::protocol {
namespace {

constexpr std::array kFaults = {
    FaultRow{1, "BUSY", Kind::vehicle_busy, Remedy::again_later, "the vehicle is busy"},
    FaultRow{2, "TIMEOUT", Kind::vehicle_error_unclear, Remedy::repeat_when_safe,
             "a part of the vehicle did not answer in time"},
    FaultRow{3, "UNKNOWN_KEY_ID", Kind::key_not_paired, Remedy::none,
             "vehicle rejected request: your public key has not been paired with the vehicle"},
    FaultRow{4, "INACTIVE_KEY", Kind::key_not_paired, Remedy::none, "the key is disabled in the vehicle"},
    FaultRow{5, "INVALID_SIGNATURE", Kind::vehicle_error, Remedy::resynchronise,
             "the vehicle could not verify the signature"},
    FaultRow{6, "INVALID_TOKEN_OR_COUNTER", Kind::vehicle_error_unclear, Remedy::resynchronise_and_repeat,
             "the vehicle has seen this counter before, perhaps with this very command"},
    FaultRow{7, "INSUFFICIENT_PRIVILEGES", Kind::forbidden_by_vehicle, Remedy::none,
             "the role of the key does not allow this command"},
    FaultRow{8, "INVALID_DOMAINS", Kind::not_supported, Remedy::none, "the vehicle does not have this subsystem"},
    FaultRow{9, "INVALID_COMMAND", Kind::not_supported, Remedy::none, "the vehicle does not know this command"},
    FaultRow{10, "DECODING", Kind::vehicle_error, Remedy::none, "the vehicle could not decode the message"},
    FaultRow{11, "INTERNAL", Kind::vehicle_error_unclear, Remedy::repeat_when_safe,
             "the vehicle met an internal error; it may be starting up"},
    FaultRow{12, "WRONG_PERSONALIZATION", Kind::vehicle_error, Remedy::none, "the message was meant for another VIN"},
    FaultRow{13, "BAD_PARAMETER", Kind::vehicle_error, Remedy::resynchronise_with_info,
             "the vehicle refused a parameter of the message"},
    FaultRow{14, "KEYCHAIN_IS_FULL", Kind::vehicle_error, Remedy::none, "the vehicle cannot hold another key"},
    FaultRow{15, "INCORRECT_EPOCH", Kind::vehicle_error, Remedy::resynchronise, "the vehicle has begun a new epoch"},
    FaultRow{16, "IV_INCORRECT_LENGTH", Kind::vehicle_error, Remedy::none, "the vehicle refused the nonce's length"},
    FaultRow{17, "TIME_EXPIRED", Kind::vehicle_error, Remedy::resynchronise,
             "the command had expired when it reached the vehicle"},
    FaultRow{18, "NOT_PROVISIONED_WITH_IDENTITY", Kind::vehicle_error, Remedy::none,
             "the vehicle does not know its own VIN"},
    FaultRow{19, "COULD_NOT_HASH_METADATA", Kind::vehicle_error, Remedy::none,
             "the vehicle could not hash the metadata"},
    FaultRow{20, "TIME_TO_LIVE_TOO_LONG", Kind::vehicle_error, Remedy::resynchronise,
             "the command's lifetime was too long for the vehicle"},
    FaultRow{21, "REMOTE_ACCESS_DISABLED", Kind::forbidden_by_vehicle, Remedy::none,
             "mobile access is switched off in the vehicle"},
    FaultRow{22, "REMOTE_SERVICE_ACCESS_DISABLED", Kind::forbidden_by_vehicle, Remedy::none,
             "remote service access is switched off in the vehicle"},
    FaultRow{23, "COMMAND_REQUIRES_ACCOUNT_CREDENTIALS", Kind::forbidden_by_vehicle, Remedy::none,
             "this command needs the credentials of the account, not only a key"},
    FaultRow{24, "REQUEST_MTU_EXCEEDED", Kind::vehicle_error, Remedy::none, "the message is too long for the vehicle"},
    FaultRow{25, "RESPONSE_MTU_EXCEEDED", Kind::vehicle_error_unclear, Remedy::none,
             "the vehicle's reply was too long to be sent"},
    FaultRow{26, "REPEATED_COUNTER", Kind::vehicle_error_unclear, Remedy::resynchronise_and_repeat,
             "the vehicle has seen this counter before, perhaps with this very command"},
    FaultRow{27, "INVALID_KEY_HANDLE", Kind::vehicle_error, Remedy::none, "the vehicle does not know the key's handle"},
    FaultRow{28, "REQUIRES_RESPONSE_ENCRYPTION", Kind::vehicle_error, Remedy::none,
             "the vehicle answers this command only encrypted"},
};

constexpr std::uint32_t kUnknownKeyId = 3;

constexpr FaultRow kUnknownFault = {0, "UNKNOWN", Kind::vehicle_error, Remedy::none,
                                    "the vehicle reported a fault that fleetsign does not know"};

}  // namespace

std::span<const FaultRow> faults() {
  return kFaults;
}

const FaultRow& row_of_fault(std::uint32_t code) {
  const auto* row = std::ranges::find(kFaults, code, &FaultRow::code);
  return row == kFaults.end() ? kUnknownFault : *row;
}

Failure key_not_paired() {
  return {.kind = Kind::key_not_paired, .message = std::string(row_of_fault(kUnknownKeyId).meaning)};
}

}  // namespace fleetsign::protocol
