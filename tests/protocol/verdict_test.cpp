// SPDX-License-Identifier: Apache-2.0
#include "protocol/verdict.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "protocol/fault.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "tests/protocol/fake_vehicle.h"

namespace fleetsign::protocol {
namespace {

Verdict verdict_of(const VCSEC::FromVCSECMessage& message) {
  return read_verdict(Domain::vehicle_security, {.payload = test::to_bytes(message)});
}

Verdict verdict_of(const CarServer::Response& response) {
  return read_verdict(Domain::infotainment, {.payload = test::to_bytes(response)});
}

bool is_accepted(const Verdict& verdict) {
  return std::holds_alternative<Accepted>(verdict);
}

std::string refusal_of(const Verdict& verdict) {
  REQUIRE(std::holds_alternative<Refused>(verdict));
  return std::get<Refused>(verdict).reason;
}

Kind kind_of(const Verdict& verdict) {
  REQUIRE(std::holds_alternative<Failure>(verdict));
  return std::get<Failure>(verdict).kind;
}

VCSEC::FromVCSECMessage error_status() {
  VCSEC::FromVCSECMessage message;
  message.mutable_commandstatus()->set_operationstatus(VCSEC::OPERATIONSTATUS_ERROR);
  return message;
}

TEST_CASE("verdict: no payload is success, in both domains") {
  CHECK(is_accepted(read_verdict(Domain::vehicle_security, {})));
  CHECK(is_accepted(read_verdict(Domain::infotainment, {})));
}

TEST_CASE("verdict: a wait that nobody vouches for does not go before a payload that the vehicle encrypted") {
  CarServer::Response done;
  done.mutable_actionstatus();
  CHECK(is_accepted(read_verdict(
      Domain::infotainment,
      {.operation_status = OperationStatus::wait, .payload = test::to_bytes(done), .authenticated = true})));
  VCSEC::FromVCSECMessage declined;
  declined.mutable_nominalerror()->set_genericerror(Errors::GENERICERROR_CLOSURES_OPEN);
  CHECK(refusal_of(read_verdict(Domain::vehicle_security, {.operation_status = OperationStatus::wait,
                                                           .payload = test::to_bytes(declined),
                                                           .authenticated = true})) == "GENERICERROR_CLOSURES_OPEN");
}

TEST_CASE("verdict: the envelope's status goes before any payload in plaintext") {
  CarServer::Response success;
  success.mutable_actionstatus();
  for (const auto domain : {Domain::vehicle_security, Domain::infotainment}) {
    for (const auto& payload : {std::optional<crypto::Bytes>{}, std::optional(test::to_bytes(success))}) {
      CHECK(std::holds_alternative<NotNow>(
          read_verdict(domain, {.operation_status = OperationStatus::wait, .payload = payload})));
      CHECK(kind_of(read_verdict(domain, {.operation_status = OperationStatus::error, .payload = payload})) ==
            Kind::vehicle_error_unclear);
    }
  }
}

TEST_CASE("verdict: VCSEC payloads without commandStatus and nominalError are success") {
  CHECK(is_accepted(verdict_of(VCSEC::FromVCSECMessage{})));
  VCSEC::FromVCSECMessage message;
  message.mutable_vehiclestatus();
  CHECK(is_accepted(verdict_of(message)));
}

TEST_CASE("verdict: an explicit OK of VCSEC is success") {
  VCSEC::FromVCSECMessage message;
  message.mutable_commandstatus()->set_operationstatus(VCSEC::OPERATIONSTATUS_OK);
  CHECK(is_accepted(verdict_of(message)));
}

TEST_CASE("verdict: VCSEC's wait is not now") {
  VCSEC::FromVCSECMessage message;
  message.mutable_commandstatus()->set_operationstatus(VCSEC::OPERATIONSTATUS_WAIT);
  CHECK(std::holds_alternative<NotNow>(verdict_of(message)));
}

TEST_CASE("verdict: a nominal error of VCSEC is a refusal, under its name") {
  VCSEC::FromVCSECMessage message;
  message.mutable_nominalerror()->set_genericerror(Errors::GENERICERROR_CLOSURES_OPEN);
  CHECK(refusal_of(verdict_of(message)) == "GENERICERROR_CLOSURES_OPEN");
  message.mutable_nominalerror()->set_genericerror(static_cast<Errors::GenericError_E>(77));
  CHECK(refusal_of(verdict_of(message)) == "GENERICERROR_77");
}

TEST_CASE("verdict: an error of VCSEC about the list of keys is a refusal, under its name") {
  auto message = error_status();
  message.mutable_commandstatus()->mutable_whitelistoperationstatus()->set_whitelistoperationinformation(
      VCSEC::WHITELISTOPERATION_INFORMATION_KEYFOB_SLOTS_FULL);
  CHECK(refusal_of(verdict_of(message)) == "WHITELISTOPERATION_INFORMATION_KEYFOB_SLOTS_FULL");
}

TEST_CASE("verdict: an error of VCSEC about the message is the fault of the same meaning, under its own name") {
  struct Row {
    VCSEC::SignedMessage_information_E information;
    std::uint32_t fault;
  };
  for (const auto& [information, fault] : {Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_NOT_ON_WHITELIST, 3},
                                           Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_IV_SMALLER_THAN_EXPECTED, 6},
                                           Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_INVALID_TOKEN, 6},
                                           Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_TOKEN_AND_COUNTER_INVALID, 6},
                                           Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_ECDSA_SIGNATURE, 5},
                                           Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_LOCAL_ENTITY_RESULT, 11},
                                           Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_INCORRECT_EPOCH, 15},
                                           Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_TIME_EXPIRED, 17},
                                           Row{VCSEC::SIGNEDMESSAGE_INFORMATION_FAULT_COULD_NOT_HASH_METADATA, 19}}) {
    auto message = error_status();
    message.mutable_commandstatus()->mutable_signedmessagestatus()->set_signedmessageinformation(information);
    const auto verdict = verdict_of(message);
    REQUIRE(std::holds_alternative<Fault>(verdict));
    CHECK(std::get<Fault>(verdict).code == fault);
    CHECK(std::get<Fault>(verdict).name == VCSEC::SignedMessage_information_E_Name(information));
  }
}

TEST_CASE("verdict: every error of VCSEC about the message that has a name of its own is a fault that is known") {
  const auto& values = *VCSEC::SignedMessage_information_E_descriptor();
  for (int i = 2; i < values.value_count(); ++i) {  // after none and "unknown"
    CAPTURE(values.value(i)->name());
    auto message = error_status();
    message.mutable_commandstatus()->mutable_signedmessagestatus()->set_signedmessageinformation(
        static_cast<VCSEC::SignedMessage_information_E>(values.value(i)->number()));
    const auto verdict = verdict_of(message);
    REQUIRE(std::holds_alternative<Fault>(verdict));
    CHECK(row_of_fault(std::get<Fault>(verdict).code).code == std::get<Fault>(verdict).code);
  }
}

TEST_CASE("verdict: an error of VCSEC that names nothing is unclear, never success") {
  CHECK(kind_of(verdict_of(error_status())) == Kind::vehicle_error_unclear);

  for (const int information : {0, 1, 999}) {  // none, unknown fault, not known to us
    CAPTURE(information);
    auto message = error_status();
    message.mutable_commandstatus()->mutable_signedmessagestatus()->set_signedmessageinformation(
        static_cast<VCSEC::SignedMessage_information_E>(information));
    CHECK(kind_of(verdict_of(message)) == Kind::vehicle_error_unclear);
  }
  for (const int information : {0, 999}) {
    CAPTURE(information);
    auto message = error_status();
    message.mutable_commandstatus()->mutable_whitelistoperationstatus()->set_whitelistoperationinformation(
        static_cast<VCSEC::WhitelistOperation_information_E>(information));
    CHECK(kind_of(verdict_of(message)) == Kind::vehicle_error_unclear);
  }

  auto message = error_status();
  message.mutable_commandstatus()->set_operationstatus(static_cast<VCSEC::OperationStatus_E>(9));
  CHECK(kind_of(verdict_of(message)) == Kind::vehicle_error_unclear);
}

TEST_CASE("verdict: infotainment's result decides, and a refusal has the vehicle's own words") {
  CarServer::Response response;
  response.mutable_actionstatus()->set_result(CarServer::OPERATIONSTATUS_OK);
  CHECK(is_accepted(verdict_of(response)));
  response.mutable_actionstatus()->set_result(CarServer::OPERATIONSTATUS_ERROR);
  CHECK(refusal_of(verdict_of(response)) == "unspecified error");
  response.mutable_actionstatus()->mutable_result_reason()->set_plain_text("is_charging");
  CHECK(refusal_of(verdict_of(response)) == "is_charging");
}

TEST_CASE("verdict: infotainment's data without a status is success") {
  CarServer::Response response;
  response.mutable_ping();
  CHECK(is_accepted(verdict_of(response)));
}

TEST_CASE("verdict: an infotainment payload without a verdict that we know is unclear") {
  CHECK(kind_of(verdict_of(CarServer::Response{})) == Kind::vehicle_error_unclear);
  CarServer::Response response;
  response.mutable_actionstatus()->set_result(static_cast<CarServer::OperationStatus_E>(2));
  CHECK(kind_of(verdict_of(response)) == Kind::vehicle_error_unclear);
}

TEST_CASE("verdict: a payload that cannot be decoded is malformed") {
  for (const auto domain : {Domain::vehicle_security, Domain::infotainment}) {
    for (const auto& bytes : {crypto::Bytes{0xFF}, crypto::Bytes{0x0A, 0x05, 0x01}}) {
      CHECK(kind_of(read_verdict(domain, {.payload = bytes})) == Kind::upstream_malformed);
    }
  }
}

}  // namespace
}  // namespace fleetsign::protocol
