// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body of the action endpoint: refused in words fit to print, or exactly one message of a vehicle.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "crypto/bytes.h"
#include "protocol/catalogue/action.h"
#include "protocol/catalogue/text_form.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "tests/support/fuzz.h"

namespace catalogue = fleetsign::catalogue;
namespace protocol = fleetsign::protocol;

namespace {

bool is_printable(std::string_view text) {
  return !text.empty() && text.size() < 1000 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool sets_one(const protocol::Payload& payload) {
  const auto size = static_cast<int>(payload.bytes.size());
  if (payload.domain == protocol::Domain::vehicle_security) {
    VCSEC::UnsignedMessage message;
    return message.ParseFromArray(payload.bytes.data(), size) && message.sub_message_case() != 0;
  }
  CarServer::Action action;
  return action.ParseFromArray(payload.bytes.data(), size) && action.vehicleaction().vehicle_action_msg_case() != 0;
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  const auto action = catalogue::parse_action(fleetsign::crypto::as_text(input));
  if (!action) {
    if (!is_printable(action.error().message)) std::abort();
    return;
  }
  if (!is_printable(action->name) || !sets_one(action->payload)) std::abort();
  if (action->payload.repeat != protocol::Repeat::once) std::abort();
  if (catalogue::text_form(action->payload, catalogue::Privacy::masked).text.empty()) std::abort();
}
