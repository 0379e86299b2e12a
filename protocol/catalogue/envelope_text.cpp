// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/envelope_text.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/universal_message.pb.h"
#include "protocol/proto/vcsec.pb.h"

namespace fleetsign::catalogue {
namespace {

using google::protobuf::Message;
using protocol::Failure;
using protocol::Kind;
using UniversalMessage::RoutableMessage;

/// What protobuf_message_as_bytes holds: the domain that the message goes to, or comes from, tells. Null when it holds
/// something else, or nothing tells.
std::unique_ptr<Message> read_content(const RoutableMessage& envelope, const std::string& content) {
  const auto bytes = crypto::as_bytes(content);
  if (const auto domain = envelope.to_destination().domain();
      domain == UniversalMessage::DOMAIN_VEHICLE_SECURITY || domain == UniversalMessage::DOMAIN_INFOTAINMENT) {
    return read_payload(static_cast<protocol::Domain>(domain), bytes);
  }
  switch (envelope.from_destination().domain()) {
    case UniversalMessage::DOMAIN_VEHICLE_SECURITY:
      return read_as(VCSEC::FromVCSECMessage::default_instance(), bytes);
    case UniversalMessage::DOMAIN_INFOTAINMENT:
      return read_as(CarServer::Response::default_instance(), bytes);
    default:
      return nullptr;
  }
}

bool is_encrypted(const RoutableMessage& envelope) {
  const auto& signature = envelope.signature_data();
  return signature.has_aes_gcm_personalized_data() || signature.has_aes_gcm_response_data();
}

std::string content_text(const Message* message, const std::string& content, Privacy privacy) {
  if (message != nullptr) return message->GetTypeName() + '\n' + text_form(*message, privacy).text;
  if (privacy == Privacy::shown) return "unreadable, 0x" + crypto::to_hex(crypto::as_bytes(content)) + '\n';
  return "unreadable, " + std::to_string(content.size()) + " bytes\n";
}

/// What the envelope carries, which is taken out of it; empty when that is nothing of its own.
std::string take_content(RoutableMessage& envelope, Privacy privacy) {
  if (envelope.has_session_info()) {
    const std::unique_ptr<std::string> content(envelope.release_session_info());
    const auto info = read_as(Signatures::SessionInfo::default_instance(), crypto::as_bytes(*content));
    return "\n# session_info: " + content_text(info.get(), *content, privacy);
  }
  if (!envelope.has_protobuf_message_as_bytes()) return {};
  const std::unique_ptr<std::string> content(envelope.release_protobuf_message_as_bytes());
  const std::string heading = "\n# protobuf_message_as_bytes: ";
  if (is_encrypted(envelope)) return heading + "encrypted, " + std::to_string(content->size()) + " bytes\n";
  return heading + content_text(read_content(envelope, *content).get(), *content, privacy);
}

/// Protobuf reads many texts as a message with nothing but unknown fields.
bool has_known_field(const RoutableMessage& message) {
  RoutableMessage known = message;
  known.DiscardUnknownFields();
  return known.ByteSizeLong() > 0;
}

Failure bad_input(std::string message, std::string hint) {
  return {.kind = Kind::bad_request, .message = std::move(message), .hint = std::move(hint)};
}

}  // namespace

protocol::Result<crypto::Bytes> parse_captured(std::string_view text) {
  std::string packed;
  std::ranges::copy_if(text, std::back_inserter(packed),
                       [](char c) { return std::string_view(" \t\r\n").find(c) == std::string_view::npos; });
  if (packed.empty()) return bad_input("there is nothing to decode", "give the message in base64");
  // Hexadecimal digits alone are base64 as well, but an envelope begins with other letters.
  if (auto bytes = crypto::parse_hex(packed)) return *std::move(bytes);
  std::ranges::replace(packed, '+', '-');
  std::ranges::replace(packed, '/', '_');
  if (auto bytes = crypto::parse_base64url(packed)) return *std::move(bytes);
  return bad_input("the text is neither base64 nor hexadecimal",
                   "it is what stands in `routable_message` of a request, or in `response` of its reply");
}

protocol::Result<std::string> envelope_text(crypto::ByteView bytes, Privacy privacy) {
  RoutableMessage envelope;
  if (!envelope.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !has_known_field(envelope)) {
    return bad_input("the bytes are no message to or from a vehicle (RoutableMessage)",
                     "it is what stands in `routable_message` of a request, or in `response` of its reply");
  }
  const std::string content = take_content(envelope, privacy);
  return "# " + envelope.GetTypeName() + '\n' + text_form(envelope, privacy).text + content;
}

}  // namespace fleetsign::catalogue
