// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/diagnosis/answers.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/daemon/support/fleet_client.h"

namespace fleetsign::diagnosis {
namespace {

using fleetsign::test::answered;
using fleetsign::test::lost;
using fleetsign::test::unreachable;
using protocol::Kind;

constexpr const char* kVin = "5YJS0000000000001";

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("diagnosis: Fleet API's word for a vehicle is read") {
  const auto facts =
      read_vehicle(answered(200, R"({"response":{"state":"online","access_type":"DRIVER","in_service":true}})"));
  REQUIRE(facts);
  CHECK(facts->state == "online");
  CHECK(facts->access_type == "DRIVER");
  CHECK(facts->in_service);
  const auto sparse = read_vehicle(answered(200, R"({"response":{"state":"asleep","in_service":null}})"));
  REQUIRE(sparse);
  CHECK(sparse->access_type.empty());
  CHECK_FALSE(sparse->in_service);
}

TEST_CASE("diagnosis: an answer that is not Fleet API's is a problem of its own") {
  for (const std::string body : {"", "<html>", "[]", "{}", R"({"response":null})", R"({"response":[]})",
                                 R"({"response":{}})", R"({"response":{"state":7}})"}) {
    CAPTURE(body);
    const auto facts = read_vehicle(answered(200, body));
    REQUIRE_FALSE(facts);
    CHECK(facts.error().finding.verdict == Verdict::problem);
    CHECK(contains(facts.error().finding.advice, "fleet_api.base_url"));
  }
}

TEST_CASE("diagnosis: each status with which Fleet API refuses is told in words, and whether to ask on") {
  struct Row {
    int status;
    std::string body;
    std::string says;
    bool is_final;
  };
  for (const auto& row : {
           Row{401, "", "refuses the token", true},
           Row{401, R"({"error":"mobile_access_disabled"})", "mobile access is switched off", true},
           Row{402, "", "way to pay", true},
           Row{403, "", "scope is missing", false},
           Row{404, "", "no such vehicle", false},
           Row{412, "", "not registered in this region", true},
           Row{421, "", "another region", true},
           Row{422, R"({"error":"vehicle does not support the Tesla Vehicle Command Protocol"})", "no signed commands",
               true},
           Row{422, "", "no usual answer", false},
           Row{423, "", "locked", true},
           Row{429, "", "too many requests", true},
           Row{451, "", "region", true},
           Row{500, "", "trouble of its own", true},
           Row{504, "", "trouble of its own", true},
           Row{405, "", "no usual answer", false},
           Row{302, "", "no usual answer", false},
           Row{1000, "", "no usual answer", false},
       }) {
    CAPTURE(row.status);
    const auto facts = read_vehicle(answered(row.status, row.body));
    REQUIRE_FALSE(facts);
    const auto& [finding, is_final] = facts.error();
    CHECK(finding.verdict == Verdict::problem);
    CHECK(contains(finding.says, row.says));
    CHECK(contains(finding.says, "status " + std::to_string(row.status)));
    CHECK_FALSE(finding.advice.empty());
    CHECK(is_final == row.is_final);
  }
}

TEST_CASE("diagnosis: where no answer came, the cause is told, and nothing further is asked") {
  const auto unsent = read_vehicle(unreachable());
  REQUIRE_FALSE(unsent);
  CHECK(unsent.error().finding.says == "nobody listens at fleet.test");
  CHECK(contains(unsent.error().finding.advice, "check the network"));
  CHECK(unsent.error().is_final);
  const auto gone = read_fleet_status(lost(), kVin);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().finding.says == "the connection was closed");
  CHECK(gone.error().finding.advice == "try again: nothing was executed");
}

TEST_CASE("diagnosis: fleet_status is read for one vehicle") {
  const std::string body =
      R"({"response":{"key_paired_vins":["5YJS0000000000002"],"unpaired_vins":["5YJS0000000000001"],"vehicle_info":{)"
      R"("5YJS0000000000001":{"firmware_version":"2024.44.1","vehicle_command_protocol_required":true,)"
      R"("total_number_of_keys":3},"5YJS0000000000002":{"total_number_of_keys":null}}}})";
  const auto unpaired = read_fleet_status(answered(200, body), "5YJS0000000000001");
  REQUIRE(unpaired);
  CHECK(unpaired->pairing == FleetStatus::Pairing::unpaired);
  CHECK(unpaired->protocol_required == true);
  CHECK(unpaired->firmware == "2024.44.1");
  CHECK(unpaired->keys == 3);
  const auto paired = read_fleet_status(answered(200, body), "5YJS0000000000002");
  REQUIRE(paired);
  CHECK(paired->pairing == FleetStatus::Pairing::paired);
  CHECK_FALSE(paired->protocol_required);
  CHECK_FALSE(paired->keys);
  const auto other = read_fleet_status(answered(200, body), "5YJS0000000000003");
  REQUIRE(other);
  CHECK(other->pairing == FleetStatus::Pairing::unknown);
  for (const std::string odd : {R"({"response":{}})", R"({"response":{"vehicle_info":[],"key_paired_vins":"x"}})",
                                R"({"response":{"vehicle_info":{"5YJS0000000000001":7}}})"}) {
    CAPTURE(odd);
    const auto status = read_fleet_status(answered(200, odd), kVin);
    REQUIRE(status);
    CHECK(status->pairing == FleetStatus::Pairing::unknown);
  }
}

TEST_CASE("diagnosis: a failed command is told as the table of failures has it, a missing pairing with its address") {
  const auto role = trouble_of_command({.kind = Kind::forbidden_by_vehicle, .message = "the role is too low"}, "");
  CHECK(role.finding.says == "the role is too low");
  CHECK(role.finding.advice == row_of(Kind::forbidden_by_vehicle).hint);
  CHECK_FALSE(role.is_final);
  const auto unpaired = trouble_of_command({.kind = Kind::key_not_paired, .message = "unpaired"}, "pair it");
  CHECK(unpaired.finding.advice == "pair it");
  CHECK(unpaired.is_final);
  CHECK_FALSE(trouble_of_command({.kind = Kind::expired_unsent, .message = "no time left"}, "").is_final);
  CHECK(trouble_of_command({.kind = Kind::vehicle_unavailable, .message = "asleep"}, "").is_final);
}

TEST_CASE("diagnosis: how to pair depends on the domain, and on how far the replacement of the key has come") {
  using vehicles::KeyStage;
  CHECK(contains(pairing_advice("", KeyStage::only), "set `domain`"));
  for (const auto& [stage, more] : {std::pair<KeyStage, std::string>{KeyStage::only, ""},
                                    {KeyStage::waiting, "add the vehicle to `next_key_vehicles`"},
                                    {KeyStage::moved, "take the vehicle out of `next_key_vehicles`"}}) {
    const auto advice = pairing_advice("example.com", stage);
    CHECK(contains(advice, "https://tesla.com/_ak/example.com "));
    CHECK(contains(advice, more));
    CHECK(contains(advice, "next_key_file") == (stage != KeyStage::only));
  }
}

TEST_CASE("diagnosis: a Date is read in the form of today, and in no other") {
  // RFC 9110 section 5.6.7 has this moment in all three forms.
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784'111'777);
  for (const std::string text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "soon",
                                 "Sun, 06 Nov 1994 08:49:37 GMT and more", "Sun, 06 Nov 1994 08:49:37 CET"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_date(text));
  }
}

}  // namespace
}  // namespace fleetsign::diagnosis
