// SPDX-License-Identifier: Apache-2.0
// coverage.tsv: of every message that a vehicle takes, how it can be sent with fleetsign.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/catalogue/action.h"
#include "protocol/proto/car_server.pb.h"
#include "protocol/proto/experimental.pb.h"
#include "protocol/proto/vcsec.pb.h"
#include "tests/catalogue/support.h"

namespace fleetsign::catalogue {
namespace {

using Columns = std::vector<std::string>;

/// Its fields are listed by number.
constexpr std::string_view kUnpublished = "Experimental.VehicleAction";

/// The lines of a table of the tests, without those that are comments.
std::vector<Columns> read_table(const std::string& file) {
  std::ifstream stream(FLEETSIGN_SOURCE_DIR "/tests/" + file);
  REQUIRE(stream);
  std::vector<Columns> lines;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with('#')) continue;
    Columns columns;
    std::istringstream rest(line);
    for (std::string column; std::getline(rest, column, '\t');) columns.push_back(column);
    lines.push_back(std::move(columns));
  }
  return lines;
}

/// "MESSAGE.FIELD" of what a vehicle can be told, from the table of the wire format.
std::set<std::string> messages_on_wire() {
  const std::set<std::string> oneofs{"CarServer.VehicleAction.vehicle_action_msg", "VCSEC.UnsignedMessage.sub_message"};
  std::set<std::string> messages;
  for (const auto& columns : read_table("vectors/wire.tsv")) {
    if (oneofs.contains(columns.at(1) + "." + columns.at(5))) messages.insert(columns.at(1) + "." + columns.at(4));
  }
  return messages;
}

template <class Message>
std::string set_in(const Message& message) {
  const auto* field = message.GetReflection()->GetOneofFieldDescriptor(message, message.GetDescriptor()->oneof_decl(0));
  return field == nullptr ? "" : field->full_name();
}

/// "MESSAGE.FIELD" that a payload sets.
std::string message_in(const protocol::Payload& payload) {
  const auto size = static_cast<int>(payload.bytes.size());
  if (payload.domain == protocol::Domain::vehicle_security) {
    VCSEC::UnsignedMessage message;
    REQUIRE(message.ParseFromArray(payload.bytes.data(), size));
    return set_in(message);
  }
  CarServer::Action action;
  REQUIRE(action.ParseFromArray(payload.bytes.data(), size));
  return set_in(action.vehicleaction());
}

/// The commands that make a message, by the message.
std::map<std::string, std::set<std::string>> commands_by_message() {
  std::map<std::string, std::set<std::string>> commands_of;
  for (const Command& row : commands()) {
    if (row.route != Route::sign) continue;  // the others are unpublished, or nobody's to sign
    const auto encoded = encode(row, nlohmann::json::parse(example_text(row)), kSurroundings);
    REQUIRE(encoded.ok());
    REQUIRE(encoded->has_value());
    commands_of[message_in(**encoded)].emplace(row.name);
  }
  return commands_of;
}

/// The experimental commands by the number of the field that they set.
std::map<int, std::set<std::string>> commands_by_number() {
  std::map<int, std::set<std::string>> commands_of;
  for (const Command& row : commands()) {
    if (!row.experimental) continue;
    const auto encoded = encode(row, nlohmann::json::parse(example_text(row)), kSurroundings);
    REQUIRE(encoded.ok());
    REQUIRE(encoded->has_value());
    Experimental::Action action;
    const auto& bytes = (*encoded)->bytes;
    REQUIRE(action.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    commands_of[static_cast<int>(action.vehicle_action().vehicle_action_msg_case())].emplace(row.name);
  }
  return commands_of;
}

std::set<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

bool takes_by_action(const std::string& message, const std::string& field) {
  const bool is_infotainment = message == "CarServer.VehicleAction";
  const std::string head = is_infotainment ? R"({"domain": "infotainment", "action": {")"
                                           : R"({"domain": "vehicle_security", "message": {")";
  return parse_action(head + field + "\": {}}}").ok();
}

}  // namespace

TEST_CASE("coverage: every message of a vehicle has a row, is for the action endpoint, or is left out with a reason") {
  std::set<std::string> listed;
  auto commands_of = commands_by_message();
  for (const auto& columns : read_table("catalogue/coverage.tsv")) {
    REQUIRE(columns.size() == 4);
    if (columns[0] == kUnpublished) continue;
    const std::string name = columns[0] + "." + columns[1];
    CAPTURE(name);
    CHECK(listed.insert(name).second);
    std::set<std::string> wanted;
    if (columns[2] == "row") {
      wanted = words_of(columns[3]);
    } else {
      CHECK((columns[2] == "action" || columns[2] == "left out"));
      CHECK(takes_by_action(columns[0], columns[1]) == (columns[2] == "action"));
      CHECK(columns[3].size() > 10);
    }
    CHECK(commands_of[name] == wanted);
  }
  CHECK(listed == messages_on_wire());
}

TEST_CASE("coverage: every unpublished field that was reported has a row, or is left out with a reason") {
  std::set<std::string> listed;
  auto commands_of = commands_by_number();
  for (const auto& columns : read_table("catalogue/coverage.tsv")) {
    if (columns[0] != kUnpublished) continue;
    REQUIRE(columns.size() == 4);
    const std::string& numbers = columns[1];
    CAPTURE(numbers);
    CHECK(listed.insert(numbers).second);
    if (columns[2] == "row") {
      CHECK(commands_of[std::stoi(numbers)] == words_of(columns[3]));
      commands_of.erase(std::stoi(numbers));
    } else {
      CHECK(columns[2] == "left out");
      CHECK(columns[3].size() > 10);
    }
  }
  CHECK(listed.size() == 15);
  CHECK(commands_of.empty());
}

}  // namespace fleetsign::catalogue
