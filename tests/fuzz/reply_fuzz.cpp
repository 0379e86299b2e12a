// SPDX-License-Identifier: Apache-2.0
// Replies: any message, made to belong to its request, then encrypted and tagged by the vehicle so that it gets inside.
// The first byte chooses domain and treatment, the rest is a RoutableMessage.
#include <cstdlib>

#include "tests/protocol/conversation.h"
#include "tests/protocol/core_kinds.h"
#include "tests/support/fuzz.h"

using namespace fleetsign::protocol;
using test::Conversation;
using test::RoutableMessage;

namespace {

enum Treatment : std::uint8_t {
  kVehicleSecurity = 1,
  kEncrypt = 2,
  kTag = 4,
  kKeepAddresses = 8,
  kStrict = 16,
  kTrueKey = 32
};

void require(bool kept) {
  if (!kept) std::abort();
}

void make_it_belong(RoutableMessage& reply, const RoutableMessage& request) {
  reply.mutable_from_destination()->set_domain(request.to_destination().domain());
  reply.mutable_to_destination()->set_routing_address(request.from_destination().routing_address());
  if (!reply.request_uuid().empty()) reply.set_request_uuid(request.uuid());
}

bool says_success(const RoutableMessage& reply) {
  const auto& status = reply.signedmessagestatus();
  return status.signed_message_fault() == 0 && status.operation_status() == 0 && !reply.has_session_info();
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  if (input.empty()) return;
  const auto treatment = input.front();
  const auto bytes = input.subspan(1);
  Conversation between((treatment & kVehicleSecurity) != 0 ? Domain::vehicle_security : Domain::infotainment);
  between.warm_up();
  Exchange exchange(between.payload(), between.now + std::chrono::seconds(10),
                    {.require_authenticated_replies = (treatment & kStrict) != 0});
  const auto request = between.send(exchange);

  RoutableMessage reply;
  const bool parses = reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!parses) {
    between.receive(exchange, test::Http{.body = R"({"response":")" + fleetsign::crypto::to_base64(bytes) + R"("})"});
  } else {
    if ((treatment & kKeepAddresses) == 0) make_it_belong(reply, request);
    if ((treatment & kTrueKey) != 0 && reply.has_session_info()) {
      reply.set_session_info(between.vehicle.with_own_key(reply.session_info()));
    }
    if ((treatment & kTag) != 0 && reply.has_session_info()) between.vehicle.tag_session_info(reply, request);
    if ((treatment & kEncrypt) != 0 && reply.has_protobuf_message_as_bytes()) between.vehicle.encrypt(reply, request);
    between.receive(exchange, test::wrapped(reply));
  }

  // What follows is honest, so that the exchange ends, well or not.
  const auto report = between.run(exchange);
  const bool accepted = report.result == "accepted yes";
  require(!parses || !accepted || !report.sent.empty() || says_success(reply));
  require(parses || report.result == "upstream_malformed unknown");
  require(accepted || report.result.starts_with("refused ") || test::may_come_of_an_exchange(report.failure.kind));
  require(report.sent.size() <= 3);
  require(!accepted || !report.outcome.authenticated || report.outcome.executed == Executed::yes);
}
