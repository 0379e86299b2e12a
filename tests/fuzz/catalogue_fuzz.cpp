// SPDX-License-Identifier: Apache-2.0
// A body of any bytes for any command, which the first byte picks: it is refused in words fit to print, or becomes
// bytes that a vehicle reads as exactly one action.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "crypto/bytes.h"
#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/text_form.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/experimental.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "tests/support/fuzz.h"

namespace catalogue = fleetsign::catalogue;
namespace protocol = fleetsign::protocol;

namespace {

bool is_printable(std::string_view text) {
  return !text.empty() && text.size() < 1000 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

template <class Message>
Message parsed(const fleetsign::crypto::Bytes& bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) std::abort();
  if (message.SerializeAsString() != fleetsign::crypto::as_text(bytes)) std::abort();
  return message;
}

bool has_action(const catalogue::Command& command, const protocol::Payload& payload) {
  if (payload.domain == protocol::Domain::vehicle_security) {
    return parsed<VCSEC::UnsignedMessage>(payload.bytes).sub_message_case() != 0;
  }
  if (command.experimental) {
    return parsed<Experimental::Action>(payload.bytes).vehicle_action().vehicle_action_msg_case() != 0;
  }
  return parsed<CarServer::Action>(payload.bytes).vehicleaction().vehicle_action_msg_case() != 0;
}

/// The text is lines of ASCII; the bytes are there unless something in the text is masked.
bool is_dry_run(const nlohmann::ordered_json& about) {
  const auto& text = about.at("message").get_ref<const std::string&>();
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }) &&
         about.contains("payload") == (text.find(catalogue::kMask) == std::string::npos);
}

}  // namespace

void fuzz(std::span<const std::uint8_t> input) {
  if (input.empty()) return;
  const auto all = catalogue::commands();
  const catalogue::Command& command = all[input.front() % all.size()];
  const std::string body = fleetsign::crypto::as_text(input.subspan(1));

  const auto arguments = catalogue::parse_body(command, body);
  if (!arguments) {
    if (!is_printable(arguments.error().message)) std::abort();
    return;
  }
  catalogue::names_of_given(command, *arguments);
  const auto encoded = catalogue::encode(command, *arguments, {.unix_now = 1750000000, .sign_experimental = true});
  if (!encoded) {
    if (encoded.error().kind != protocol::Kind::bad_parameter || !is_printable(encoded.error().message)) std::abort();
  } else if (encoded->has_value()) {
    if (!has_action(command, **encoded)) std::abort();
    if (!is_dry_run(catalogue::describe(**encoded, catalogue::Privacy::masked))) std::abort();
  }
}
