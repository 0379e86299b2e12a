// SPDX-License-Identifier: Apache-2.0
#include "protocol/catalogue/text_form.h"

#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>

#include "crypto/bytes.h"
#include "protocol/catalogue/envelope_text.h"
#include "protocol/catalogue/words.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/experimental.pb.h"
#include "protocol/proto/universal_message.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;
using protocol::Domain;
using protocol::Payload;

Payload payload_of(std::string_view name, std::string_view body) {
  const auto encoded = sent(name, body);
  REQUIRE(encoded.ok());
  REQUIRE(encoded->has_value());
  return **encoded;
}

/// The payload in an envelope, as a vehicle gets it.
std::string decoded(const Payload& payload, Privacy privacy) {
  UniversalMessage::RoutableMessage envelope;
  envelope.mutable_to_destination()->set_domain(static_cast<UniversalMessage::Domain>(payload.domain));
  envelope.set_protobuf_message_as_bytes(crypto::as_text(payload.bytes));
  const auto text = envelope_text(crypto::as_bytes(envelope.SerializeAsString()), privacy);
  REQUIRE(text.ok());
  return *text;
}

/// Every field of a message type and of those inside it.
void collect(const Descriptor& type, std::set<const FieldDescriptor*>& fields) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (fields.insert(field).second && field->message_type() != nullptr) collect(*field->message_type(), fields);
  }
}

/// Every field of what a vehicle is told and answers.
std::set<const FieldDescriptor*> all_fields() {
  std::set<const FieldDescriptor*> fields;
  for (const Descriptor* type :
       {CarServer::Action::descriptor(), CarServer::Response::descriptor(), VCSEC::UnsignedMessage::descriptor(),
        VCSEC::FromVCSECMessage::descriptor(), Experimental::Action::descriptor()}) {
    collect(*type, fields);
  }
  return fields;
}

/// Gives the field a value that is not its default, once where it is repeated.
void fill(google::protobuf::Message& message, const FieldDescriptor& field) {
  std::string value = "1";
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) value = "\"1\"";
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) value = "{}";
  REQUIRE(google::protobuf::TextFormat::ParseFromString(field.name() + ": " + value, &message));
}

bool is_private(const FieldDescriptor& field) {
  return std::ranges::find(private_fields(), field.full_name()) != private_fields().end();
}

/// A value that nothing but itself looks like.
json telling_value(const Parameter& parameter) {
  if (parameter.type == "number") return 12.3125;
  return parameter.name == "pin" || parameter.name == "password" ? "9753" : "telling";
}

}  // namespace

TEST_CASE("text form: a command is protobuf's own notation") {
  const auto form = text_form(payload_of("set_charge_limit", R"({"percent": 80})"), Privacy::masked);
  CHECK(form.text == "vehicleAction {\n  chargingSetLimitAction {\n    percent: 80\n  }\n}\n");
  CHECK_FALSE(form.masked);
  CHECK(text_form(payload_of("door_unlock", ""), Privacy::masked).text == "RKEAction: RKE_ACTION_UNLOCK\n");
}

TEST_CASE("text form: what is private is masked unless it is asked for") {
  const auto payload = payload_of("speed_limit_activate", R"({"pin": "9753"})");
  const auto masked = text_form(payload, Privacy::masked);
  CHECK(masked.text.find("pin: ***\n") != std::string::npos);
  CHECK(masked.masked);
  const auto shown = text_form(payload, Privacy::shown);
  CHECK(shown.text.find("pin: \"9753\"\n") != std::string::npos);
  CHECK_FALSE(shown.masked);
}

TEST_CASE("text form: the private parameters of every row are masked, explained and decoded") {
  int checked = 0;
  for (const Command& row : commands()) {
    for (const Parameter& parameter : row.parameters) {
      if (!parameter.private_value) continue;
      CAPTURE(std::string(row.name));
      CAPTURE(std::string(parameter.name));
      nlohmann::ordered_json body = example_body(row);
      const json value = telling_value(parameter);
      body[std::string(parameter.name)] = value;
      const Payload payload = payload_of(row.name, body.dump());
      const std::string telling = value.is_string() ? value.get<std::string>() : value.dump();
      CHECK(decoded(payload, Privacy::shown).find(telling) != std::string::npos);
      CHECK(decoded(payload, Privacy::masked).find(telling) == std::string::npos);
      CHECK(describe(payload, Privacy::masked).dump().find(telling) == std::string::npos);
      CHECK_FALSE(describe(payload, Privacy::masked).contains("payload"));
      CHECK(with_private_masked(row, body).dump().find(telling) == std::string::npos);
      ++checked;
    }
  }
  CHECK(checked >= 20);
}

TEST_CASE("text form: every text and coordinate of a vehicle is private, but for a few") {
  const std::set<std::string> harmless{"CarServer.ResultReason.plain_text", "CarServer.SoftwareUpdateState.version"};
  std::size_t found = 0;
  for (const FieldDescriptor* field : all_fields()) {
    const std::string& name = field->full_name();
    const bool tells = field->type() == FieldDescriptor::TYPE_STRING || name.ends_with("latitude") ||
                       name.ends_with("longitude") || name.ends_with(".lat") || name.ends_with(".lon");
    if (tells && !harmless.contains(name)) CHECK_MESSAGE(is_private(*field), name);
    if (is_private(*field)) ++found;
  }
  CHECK(found == private_fields().size());  // none is misspelt
}

TEST_CASE("text form: a field that is listed as private is masked, whatever its type") {
  std::set<FieldDescriptor::Type> types;
  for (const FieldDescriptor* field : all_fields()) {
    CAPTURE(field->full_name());
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    const std::unique_ptr<google::protobuf::Message> message(factory->GetPrototype(field->containing_type())->New());
    fill(*message, *field);
    const std::array<std::string_view, 1> listed{field->full_name()};
    const auto form = text_form(*message, Privacy::masked, listed);
    CHECK(form.text == field->name() + (field->message_type() != nullptr ? " {\n  ***\n}\n" : ": ***\n"));
    CHECK(form.masked);
    CHECK(text_form(*message, Privacy::shown, listed).text.find("***") == std::string::npos);
    types.insert(field->type());
  }
  CHECK(types.size() >= 10);
}

TEST_CASE("text form: of fields that are not known the masked text says only that they are there") {
  CarServer::SetVehicleNameAction foreign;
  foreign.set_vehiclename("secret");
  CarServer::MediaPlayAction message;  // has no fields
  REQUIRE(message.ParseFromString(foreign.SerializeAsString()));
  const auto masked = text_form(message, Privacy::masked);
  CHECK(masked.text == "# and 8 bytes in fields that this version does not know\n");
  CHECK(masked.masked);
  CHECK(text_form(message, Privacy::shown).text == "1: \"secret\"\n");
}

TEST_CASE("text form: a payload that would be sent is described with its bytes, unless they are private") {
  const auto about = describe(payload_of("door_lock", ""), Privacy::masked);
  CHECK(about.dump() ==
        R"({"goes_to":"vehicle","domain":"vehicle_security","repeat":"safe","message":"RKEAction: RKE_ACTION_LOCK\n",)"
        R"("payload":"EAE="})");
  const auto payload = payload_of("set_vehicle_name", R"({"vehicle_name": "Daisy"})");
  CHECK_FALSE(describe(payload, Privacy::masked).contains("payload"));
  CHECK(describe(payload, Privacy::shown).at("payload") == crypto::to_base64(payload.bytes));
}

}  // namespace fleetsign::catalogue
