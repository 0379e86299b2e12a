// SPDX-License-Identifier: Apache-2.0
#include "tests/protocol/misfortunes.h"

#include <string>
#include <utility>

#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/vcsec.pb.h"

namespace fleetsign::protocol::test {
namespace {

using namespace std::chrono_literals;
using UniversalMessage::MessageFault_E;

constexpr int kFaults = 31;  // two more than there are
constexpr int kDoubtfulFaults[] = {2, 6, 11, 25, 26};
constexpr int kHarmlessStatuses[] = {400, 401, 403, 404, 421, 422, 429};
constexpr int kDoubtfulStatuses[] = {408, 499, 500, 502, 503, 504, 302, 204};
constexpr std::chrono::seconds kAlmostOutOfRange((1U << 30) - 5);
constexpr std::string_view kAsleep = R"({"response":null,"error":"vehicle unavailable: vehicle is offline or asleep"})";

std::string refusal(const std::string& reason) {
  CarServer::Response response;
  response.mutable_actionstatus()->set_result(CarServer::OPERATIONSTATUS_ERROR);
  response.mutable_actionstatus()->mutable_result_reason()->set_plain_text(reason);
  return response.SerializeAsString();
}

std::string command_status(VCSEC::OperationStatus_E status) {
  VCSEC::FromVCSECMessage message;
  message.mutable_commandstatus()->set_operationstatus(status);
  return message.SerializeAsString();
}

bool belongs(const RoutableMessage& reply, const RoutableMessage& request) {
  return reply.from_destination().domain() == request.to_destination().domain() &&
         reply.to_destination().routing_address() == request.from_destination().routing_address() &&
         (reply.request_uuid().empty() || reply.request_uuid() == request.uuid());
}

Meaning meaning_of_fault(const RoutableMessage& reply) {
  switch (static_cast<int>(reply.signedmessagestatus().signed_message_fault())) {
    case 1:
      return Meaning::busy;
    case 2:
    case 6:
    case 11:
    case 26:
      return Meaning::repeatable;
    case 5:
    case 15:
    case 17:
    case 20:
      return Meaning::out_of_step;
    case 13:
      return reply.has_session_info() ? Meaning::out_of_step : Meaning::settled;
    case 25:
      return Meaning::doubtful;
    default:
      return Meaning::settled;
  }
}

/// An encrypted payload is taken for what the vehicle said last.
Meaning meaning_of(const RoutableMessage& reply, const RoutableMessage& request, const FakeVehicle& vehicle) {
  if (!belongs(reply, request)) return Meaning::doubtful;
  if (reply.signedmessagestatus().signed_message_fault() != 0) return meaning_of_fault(reply);
  if (reply.has_session_info()) return Meaning::doubtful;
  const auto status = reply.signedmessagestatus().operation_status();
  if (status == UniversalMessage::OPERATIONSTATUS_ERROR) return Meaning::doubtful;
  const bool vehicle_waits = reply.has_protobuf_message_as_bytes() && vehicle.payload &&
                             *vehicle.payload == command_status(VCSEC::OPERATIONSTATUS_WAIT);
  return status == UniversalMessage::OPERATIONSTATUS_WAIT || vehicle_waits ? Meaning::busy : Meaning::settled;
}

}  // namespace

Delivery Misfortunes::arrive(const RoutableMessage& request, RoutableMessage reply, bool lie) {
  Delivery delivery{.arrival = wrapped(reply), .meaning = meaning_of(reply, request, between_.vehicle), .lie = lie};
  recorded_.push_back(std::move(reply));
  return delivery;
}

RoutableMessage Misfortunes::answer(const RoutableMessage& request) {
  const auto before = between_.vehicle.executed().size();
  auto reply = between_.vehicle.answer(request);
  if (between_.vehicle.executed().size() > before) executions_.push_back({.uuid = request.uuid(), .at = between_.now});
  return reply;
}

Delivery Misfortunes::deliver(const RoutableMessage& request) {
  between_.pass(50ms);
  switch (choices_.below(8)) {
    case 1:
      return fail(request);
    case 2:
      return arrive(request, excuse(request));
    case 3:
      return disturb(request);
    case 4:
      return falsify(request);
    default: {
      auto reply = answer(request);
      between_.pass(50ms);
      return arrive(request, std::move(reply));
    }
  }
}

/// The network or Fleet API fails.
Delivery Misfortunes::fail(const RoutableMessage& request) {
  switch (choices_.below(6)) {
    case 1:
      answer(request);
      return {.arrival = NoAnswer{.cause = "the reply was lost"}};
    case 2:
      return {.arrival = NoAnswer{.sent = NoAnswer::Sent::no,
                                  .cause = "no route",
                                  .unsent = choices_.once_in(4) ? Kind::shutting_down : Kind::unreachable},
              .meaning = Meaning::settled};
    case 3:
      return {.arrival = Http{.status = choices_.among(kHarmlessStatuses)}, .meaning = Meaning::settled};
    case 4:
      if (choices_.once_in(2)) answer(request);
      return {.arrival = Http{.status = choices_.among(kDoubtfulStatuses)}};
    case 5:
      return {.arrival = Http{.status = 408, .body = std::string(kAsleep)}, .meaning = Meaning::settled};
    default:
      held_.push_back(request);
      return {.arrival = NoAnswer{.cause = "the request was held up"}};
  }
}

/// The vehicle declines, with any fault, and whatever session info.
RoutableMessage Misfortunes::excuse(const RoutableMessage& request) {
  const auto fault = static_cast<int>(choices_.below(kFaults));
  const auto status = static_cast<int>(fault == 0 ? 1 + choices_.below(2) : choices_.below(3));
  auto reply =
      between_.vehicle.decline(request, {.fault = static_cast<MessageFault_E>(fault),
                                         .attach = choices_.once_in(2) ? Attach::nothing : Attach::session_info,
                                         .status = static_cast<UniversalMessage::OperationStatus_E>(status)});
  if (!reply.has_session_info()) return reply;
  switch (choices_.below(6)) {
    case 1:
      reply.mutable_signature_data()->mutable_session_info_tag()->mutable_tag()->push_back('x');
      break;
    case 2:
      reply.clear_signature_data();
      break;
    case 3:
      if (recorded_.empty()) break;
      reply.set_session_info(recorded_.back().session_info());
      *reply.mutable_signature_data() = recorded_.back().signature_data();
      break;
    default:
      break;
  }
  return reply;
}

/// What the vehicle did is told as it was, but not as it should be.
Delivery Misfortunes::disturb(const RoutableMessage& request) {
  if (choices_.once_in(4)) answer(request);  // delivered twice
  auto reply = answer(request);
  switch (choices_.below(6)) {
    case 1:
      between_.pass(std::chrono::milliseconds(choices_.below(256) * 50));
      break;
    case 2:
      reply.mutable_to_destination()->set_routing_address(choices_.text());
      break;
    case 3:
      reply.set_request_uuid("another");
      break;
    case 4:
      if (recorded_.empty()) break;
      return arrive(request, recorded_[choices_.below(recorded_.size())]);
    case 5:
      return {.arrival = Http{.body = choices_.text()}};
    default:
      reply =
          between_.vehicle.decline(request, {.fault = static_cast<MessageFault_E>(choices_.among(kDoubtfulFaults)),
                                             .attach = choices_.once_in(2) ? Attach::nothing : Attach::session_info});
      break;
  }
  return arrive(request, std::move(reply));
}

/// Somebody on the way lies about what the vehicle did.
Delivery Misfortunes::falsify(const RoutableMessage& request) {
  auto reply = answer(request);
  switch (choices_.below(4)) {
    case 1:
      reply.clear_signature_data();
      reply.set_protobuf_message_as_bytes(refusal("no"));
      break;
    case 2: {
      auto bytes = to_bytes(reply);
      bytes[choices_.below(bytes.size() < 256 ? bytes.size() : 256)] ^=
          static_cast<std::uint8_t>(1U << choices_.below(8));
      RoutableMessage altered;
      if (!altered.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return {.arrival = Http{.body = R"({"response":")" + crypto::to_base64(bytes) + R"("})"}};
      }
      reply = std::move(altered);
      break;
    }
    case 3:
      reply.clear_protobuf_message_as_bytes();
      reply.clear_signature_data();
      break;
    default:
      reply = excuse(request);
      break;
  }
  return arrive(request, std::move(reply), /*lie=*/true);
}

void Misfortunes::happen() {
  switch (choices_.below(8)) {
    case 1:
      between_.pass(std::chrono::milliseconds(choices_.below(256) * 20));
      return;
    case 2:
      return change_vehicle();
    case 3:
      return change_clock();
    case 4:
      if (!held_.empty()) answer(held_[choices_.below(held_.size())]);
      return;
    default:
      return;
  }
}

void Misfortunes::change_vehicle() {
  auto& vehicle = between_.vehicle;
  const bool doors = between_.session.parties().domain == Domain::vehicle_security;
  switch (choices_.below(8)) {
    case 1:
      vehicle.rotate_key();
      ++key_rotations_;
      clock_was_set_back_ = false;
      return;
    case 2:
      vehicle.set_paired(choices_.once_in(2));
      return;
    case 3:
      vehicle.skip_to(vehicle.highest_counter() + 1 + static_cast<std::uint32_t>(choices_.below(40)));
      return;
    case 4:
      vehicle.encrypts_replies = choices_.once_in(2);
      return;
    case 5:
      vehicle.payload = doors ? command_status(VCSEC::OPERATIONSTATUS_WAIT) : refusal("valet mode already off");
      return;
    case 6:
      vehicle.payload = doors ? command_status(VCSEC::OPERATIONSTATUS_ERROR) : "\xff" + choices_.text();
      return;
    case 7:
      vehicle.payload.reset();
      vehicle.set_paired(true);
      return;
    default:
      vehicle.reboot();
      clock_was_set_back_ = false;
      return;
  }
}

void Misfortunes::change_clock() {
  auto& vehicle = between_.vehicle;
  switch (choices_.below(4)) {
    case 1:
      vehicle.set_time(vehicle.time() / 2);
      clock_was_set_back_ = true;
      return;
    case 2:
      vehicle.set_time(vehicle.time() + 1h);
      return;
    case 3:
      clock_was_set_back_ |= vehicle.time() > kAlmostOutOfRange;
      vehicle.set_time(kAlmostOutOfRange);
      return;
    default:
      vehicle.skip_to(0xFFFFFFFE);
      return;
  }
}

}  // namespace fleetsign::protocol::test
