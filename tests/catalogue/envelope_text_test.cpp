// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/envelope_text.h"

#include <doctest/doctest.h>

#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/universal_message.pb.h"
#include "protocol/proto/vcsec.pb.h"

namespace fleetsign::catalogue {
namespace {

using protocol::Kind;
using UniversalMessage::RoutableMessage;

std::string text_of(const RoutableMessage& message, Privacy privacy = Privacy::masked) {
  const auto text = envelope_text(crypto::as_bytes(message.SerializeAsString()), privacy);
  REQUIRE(text.ok());
  return *text;
}

std::string hex_of(std::string_view captured) {
  const auto bytes = parse_captured(captured);
  return bytes ? crypto::to_hex(*bytes) : bytes.error().message;
}

}  // namespace

TEST_CASE("envelope text: base64 of either alphabet, padded or not, wrapped or not, and hexadecimal are read") {
  CHECK(hex_of("Mv/+AQ==") == "32fffe01");
  CHECK(hex_of("Mv_-AQ") == "32fffe01");
  CHECK(hex_of(" Mv/\r\n+AQ==\n") == "32fffe01");
  CHECK(hex_of("32FFfe01\n") == "32fffe01");
}

TEST_CASE("envelope text: what is no such text is refused") {
  CHECK(hex_of("") == "there is nothing to decode");
  CHECK(hex_of(" \n") == "there is nothing to decode");
  for (const std::string text : {"{}", "M", "Mv/=+", "caf\xC3\xA9", "====", "\x01"}) {
    CAPTURE(text);
    CHECK(hex_of(text) == "the text is neither base64 nor hexadecimal");
  }
}

TEST_CASE("envelope text: a command is shown with what is inside it") {
  CarServer::Action action;
  action.mutable_vehicleaction()->mutable_chargingsetlimitaction()->set_percent(80);
  RoutableMessage message;
  message.mutable_to_destination()->set_domain(UniversalMessage::DOMAIN_INFOTAINMENT);
  message.mutable_from_destination()->set_routing_address("\x01\xFF");
  message.set_protobuf_message_as_bytes(action.SerializeAsString());
  message.mutable_signature_data()->mutable_hmac_personalized_data()->set_counter(7);
  CHECK(text_of(message) ==
        "# UniversalMessage.RoutableMessage\n"
        "to_destination {\n  domain: DOMAIN_INFOTAINMENT\n}\n"
        "from_destination {\n  routing_address: 0x01ff\n}\n"
        "signature_data {\n  HMAC_Personalized_data {\n    counter: 7\n  }\n}\n"
        "\n# protobuf_message_as_bytes: CarServer.Action\n"
        "vehicleAction {\n  chargingSetLimitAction {\n    percent: 80\n  }\n}\n");
}

TEST_CASE("envelope text: the direction and the domain tell what is inside") {
  struct Row {
    UniversalMessage::Domain domain;
    bool is_reply;
    std::string type;
  };
  for (const auto& [domain, is_reply, type] :
       {Row{UniversalMessage::DOMAIN_VEHICLE_SECURITY, false, "VCSEC.UnsignedMessage"},
        Row{UniversalMessage::DOMAIN_VEHICLE_SECURITY, true, "VCSEC.FromVCSECMessage"},
        Row{UniversalMessage::DOMAIN_INFOTAINMENT, false, "CarServer.Action"},
        Row{UniversalMessage::DOMAIN_INFOTAINMENT, true, "CarServer.Response"}}) {
    RoutableMessage message;
    (is_reply ? message.mutable_from_destination() : message.mutable_to_destination())->set_domain(domain);
    message.set_protobuf_message_as_bytes("");
    const std::string wanted = "\n# protobuf_message_as_bytes: " + type + "\n";
    CHECK(text_of(message).ends_with(wanted));
  }
}

TEST_CASE("envelope text: the reply of a vehicle with its reason") {
  CarServer::Response response;
  response.mutable_actionstatus()->set_result(CarServer::OPERATIONSTATUS_ERROR);
  response.mutable_actionstatus()->mutable_result_reason()->set_plain_text("is_charging");
  RoutableMessage message;
  message.mutable_from_destination()->set_domain(UniversalMessage::DOMAIN_INFOTAINMENT);
  message.set_protobuf_message_as_bytes(response.SerializeAsString());
  CHECK(text_of(message).find("plain_text: \"is_charging\"") != std::string::npos);
}

TEST_CASE("envelope text: a session info is shown in full") {
  Signatures::SessionInfo info;
  info.set_counter(11);
  info.set_epoch("\xAB");
  RoutableMessage message;
  message.mutable_from_destination()->set_domain(UniversalMessage::DOMAIN_VEHICLE_SECURITY);
  message.set_session_info(info.SerializeAsString());
  CHECK(text_of(message).ends_with("\n# session_info: Signatures.SessionInfo\ncounter: 11\nepoch: 0xab\n"));
}

TEST_CASE("envelope text: an encrypted payload is said to be encrypted") {
  RoutableMessage message;
  message.mutable_from_destination()->set_domain(UniversalMessage::DOMAIN_INFOTAINMENT);
  message.set_protobuf_message_as_bytes("cipher");
  message.mutable_signature_data()->mutable_aes_gcm_response_data()->set_counter(1);
  CHECK(text_of(message).ends_with("\n# protobuf_message_as_bytes: encrypted, 6 bytes\n"));
  message.mutable_signature_data()->mutable_aes_gcm_personalized_data()->set_counter(1);
  CHECK(text_of(message).ends_with("\n# protobuf_message_as_bytes: encrypted, 6 bytes\n"));
}

TEST_CASE("envelope text: a payload that is not what it should be shows its bytes only when asked to") {
  RoutableMessage message;
  message.mutable_to_destination()->set_domain(UniversalMessage::DOMAIN_INFOTAINMENT);
  message.set_protobuf_message_as_bytes("\xFF");
  CHECK(text_of(message).ends_with("\n# protobuf_message_as_bytes: unreadable, 1 bytes\n"));
  CHECK(text_of(message, Privacy::shown).ends_with("\n# protobuf_message_as_bytes: unreadable, 0xff\n"));
  message.clear_to_destination();
  CHECK(text_of(message).ends_with("\n# protobuf_message_as_bytes: unreadable, 1 bytes\n"));
}

TEST_CASE("envelope text: bytes that are no envelope are refused") {
  for (const std::string& bytes :
       {std::string(), std::string("\xFF\xFF"), std::string("\x08\x01"), std::string("hello")}) {
    CAPTURE(crypto::to_hex(crypto::as_bytes(bytes)));
    const auto text = envelope_text(crypto::as_bytes(bytes), Privacy::shown);
    REQUIRE_FALSE(text.ok());
    CHECK(text.error().kind == Kind::bad_request);
  }
}

}  // namespace fleetsign::catalogue
