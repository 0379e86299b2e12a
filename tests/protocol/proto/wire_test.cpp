// SPDX-License-Identifier: Apache-2.0
// The .proto files against tests/vectors/wire.tsv, a list of everything the protocol defines: one row for each message
// field, enumerator and empty message.
#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/common.pb.h"
#include "protocol/proto/errors.pb.h"
#include "protocol/proto/keys.pb.h"
#include "protocol/proto/managed_charging.pb.h"
#include "protocol/proto/signatures.pb.h"
#include "protocol/proto/universal_message.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "protocol/proto/vehicle.pb.h"

namespace {

namespace pb = google::protobuf;
using Rows = std::vector<std::string>;

std::string row(const pb::FileDescriptor& file, const std::string& kind, const std::string& owner,
                const std::string& number, const std::string& type, const std::string& name, const std::string& oneof) {
  return file.name() + '\t' + kind + '\t' + owner + '\t' + number + '\t' + type + '\t' + name + '\t' + oneof;
}

std::string type_of(const pb::FieldDescriptor& field) {
  const std::string label = field.is_repeated() ? "repeated " : "";
  if (const auto* message = field.message_type()) return label + "message " + message->full_name();
  if (const auto* enumeration = field.enum_type()) return label + "enum " + enumeration->full_name();
  return label + field.type_name();
}

void add(const pb::EnumDescriptor& enumeration, Rows& rows) {
  for (int i = 0; i < enumeration.value_count(); ++i) {
    const auto& value = *enumeration.value(i);
    rows.push_back(row(*enumeration.file(), "enum", enumeration.full_name(), std::to_string(value.number()), "-",
                       value.name(), "-"));
  }
}

void add(const pb::Descriptor& message, Rows& rows) {
  for (int i = 0; i < message.field_count(); ++i) {
    const auto& field = *message.field(i);
    const auto* oneof = field.real_containing_oneof();
    rows.push_back(row(*message.file(), "message", message.full_name(), std::to_string(field.number()), type_of(field),
                       field.name(), oneof ? oneof->name() : "-"));
    CHECK_MESSAGE(!field.has_optional_keyword(), field.full_name());
  }
  // A message that only holds others has no row in the list; one without anything has.
  if (message.field_count() == 0 && message.nested_type_count() == 0 && message.enum_type_count() == 0) {
    rows.push_back(row(*message.file(), "message", message.full_name(), "-", "-", "(empty)", "-"));
  }
  for (int i = 0; i < message.nested_type_count(); ++i) add(*message.nested_type(i), rows);
  for (int i = 0; i < message.enum_type_count(); ++i) add(*message.enum_type(i), rows);
}

Rows rows_of_proto_files() {
  const std::array files = {
      Keys::Role_descriptor()->file(),
      Errors::NominalError::descriptor()->file(),
      VCSEC::UnsignedMessage::descriptor()->file(),
      CarServer::Void::descriptor()->file(),
      ManagedCharging::ChargeOnSolarNoChargeReason_descriptor()->file(),
      CarServer::VehicleData::descriptor()->file(),
      Signatures::SessionInfo::descriptor()->file(),
      CarServer::Action::descriptor()->file(),
      UniversalMessage::RoutableMessage::descriptor()->file(),
  };
  Rows rows;
  for (const auto* file : files) {
    CHECK_MESSAGE(file->syntax() == pb::FileDescriptor::SYNTAX_PROTO3, file->name());
    for (int i = 0; i < file->message_type_count(); ++i) add(*file->message_type(i), rows);
    for (int i = 0; i < file->enum_type_count(); ++i) add(*file->enum_type(i), rows);
  }
  return rows;
}

Rows rows_of_list() {
  std::ifstream list(FLEETSIGN_SOURCE_DIR "/tests/vectors/wire.tsv");
  REQUIRE(list);
  Rows rows;
  std::string file;
  for (std::string line; std::getline(list, line);) {
    if (line.starts_with("# kind")) continue;
    if (line.starts_with("# ")) {
      file = "protocol/proto/" + line.substr(2);
    } else if (!line.empty()) {
      rows.push_back(file + '\t' + line);
    }
  }
  return rows;
}

Rows only_in_first(const Rows& first, const Rows& second) {
  Rows difference;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(difference));
  return difference;
}

}  // namespace

TEST_CASE("proto: the .proto files define what the protocol's list has, and nothing else") {
  Rows ours = rows_of_proto_files();
  Rows listed = rows_of_list();
  CHECK(listed.size() > 1000);
  std::sort(ours.begin(), ours.end());
  std::sort(listed.begin(), listed.end());

  for (const auto& row : only_in_first(listed, ours)) FAIL_CHECK("missing: " << row);
  for (const auto& row : only_in_first(ours, listed)) FAIL_CHECK("not in the list: " << row);
}
