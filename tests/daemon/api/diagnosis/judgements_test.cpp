// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/diagnosis/judgements.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>

namespace fleetsign::diagnosis {
namespace {

using Pairing = FleetStatus::Pairing;
using Scopes = std::set<std::string, std::less<>>;

constexpr std::int64_t kNow = 1'700'000'000;
const Scopes kAllScopes = {"vehicle_device_data", "vehicle_cmds", "vehicle_charging_cmds"};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Evidence with_token(std::optional<std::int64_t> expires_at, std::optional<Scopes> scopes = kAllScopes) {
  return {.unix_now = kNow,
          .token = upstream::TokenClaims{.expires_at = expires_at, .scopes = std::move(scopes)},
          .base_url = "https://fleet.test"};
}

Evidence with_vehicle(VehicleFacts facts) {
  Evidence evidence;
  evidence.vehicle = crypto::Result<VehicleFacts, Trouble>(std::move(facts));
  return evidence;
}

Evidence with_fleet_status(FleetStatus status) {
  Evidence evidence{.domain = "example.com"};
  evidence.fleet_status = crypto::Result<FleetStatus, Trouble>(std::move(status));
  return evidence;
}

const Trouble kRefused{.finding = {.verdict = Verdict::problem, .says = "refused", .advice = "ask nicely"},
                       .is_final = true};
const Trouble kPassing{.finding = {.verdict = Verdict::problem, .says = "busy"}};

TEST_CASE("diagnosis: a key is told by the fingerprint that OpenSSL has for it") {
  // tests/vectors/keys/public.pem, through `openssl pkey -pubin -outform DER | sha256sum`.
  const std::string pem =
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsra8aMLaBmXOZWgVWUmWxiOU7di+\n"
      "qQX+eBp1T+aoRacUMwkC8iXpJp1GbgWzSZgf2p2FzCPG+0RKpztikQXcbg==\n"
      "-----END PUBLIC KEY-----\n";
  const std::string print = "66e42432a03ad03d8eb1177d888098e18343987e47207b49ad5e3746853098c6";
  CHECK(fingerprint(pem) == print);
  CHECK(fingerprint("no PEM").empty());
  CHECK(fingerprint("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n").empty());
  const auto fine = judge_key({.public_pem = pem});
  CHECK(fine.verdict == Verdict::ok);
  CHECK(contains(fine.says, print));
  const auto lost = judge_key({.public_pem = pem, .key_file_trouble = "the file is gone"});
  CHECK(lost.verdict == Verdict::warning);
  CHECK(contains(lost.says, "but the file is gone"));
  CHECK_FALSE(lost.advice.empty());
}

TEST_CASE("diagnosis: a clock is judged by how far it is from Fleet API's, and by whether something keeps it") {
  struct Row {
    std::optional<std::int64_t> ahead;
    std::optional<bool> synchronised;
    Verdict verdict;
    std::string says;
  };
  for (const auto& row : {
           Row{0, true, Verdict::ok, "agrees"},
           Row{30, std::nullopt, Verdict::ok, "agrees"},
           Row{-30, true, Verdict::ok, "agrees"},
           Row{31, true, Verdict::warning, "31 s ahead of"},
           Row{-119, true, Verdict::warning, "119 s behind"},
           Row{120, true, Verdict::problem, "2 min ahead of"},
           Row{-7'300, true, Verdict::problem, "2 h behind"},
           Row{400'000'000, false, Verdict::problem, "4629 days ahead of"},
           Row{0, false, Verdict::warning, "nothing keeps it"},
           Row{std::nullopt, true, Verdict::ok, "not compared"},
           Row{std::nullopt, std::nullopt, Verdict::ok, "not compared"},
           Row{std::nullopt, false, Verdict::warning, "nothing keeps it"},
       }) {
    const auto& shown = row.says;
    CAPTURE(shown);
    const auto finding = judge_clock({.clock_synchronised = row.synchronised, .clock_ahead = row.ahead});
    CHECK(finding.verdict == row.verdict);
    CHECK(contains(finding.says, row.says));
    CHECK(finding.advice.empty() == (row.verdict == Verdict::ok));
  }
}

TEST_CASE("diagnosis: a token is judged by when it ends") {
  CHECK(contains(judge_token({.base_url = "https://fleet.test"}).says, "no JWT"));
  const auto fresh = judge_token(with_token(kNow + 28'800));
  CHECK(fresh.verdict == Verdict::ok);
  CHECK(contains(fresh.says, "good for 8 h; requests go to https://fleet.test"));
  CHECK(judge_token(with_token(std::nullopt)).verdict == Verdict::ok);
  CHECK(judge_token(with_token(kNow + 300)).verdict == Verdict::ok);
  const auto late = judge_token(with_token(kNow + 299));
  CHECK(late.verdict == Verdict::warning);
  CHECK(contains(late.says, "expires in 4 min"));
  for (const auto past : {0, 90}) {
    const auto expired = judge_token(with_token(kNow - past));
    CHECK(expired.verdict == Verdict::problem);
    CHECK(contains(expired.says, "expired " + std::to_string(past) + " s ago"));
    CHECK(contains(expired.advice, "refresh token"));
    CHECK_FALSE(token_has_expired(with_token(kNow - past)).empty());
  }
  CHECK(token_has_expired(with_token(kNow + 1)).empty());
  CHECK(token_has_expired(with_token(std::nullopt)).empty());
  CHECK(token_has_expired({}).empty());
}

TEST_CASE("diagnosis: a token is judged by what it allows") {
  struct Row {
    std::optional<Scopes> scopes;
    Verdict verdict;
    std::string says;
    bool shows_vehicle;
    bool sends_commands;
  };
  for (const auto& row : {
           Row{kAllScopes, Verdict::ok, "good", true, true},
           Row{std::nullopt, Verdict::ok, "good", true, true},
           Row{Scopes{"vehicle_device_data", "vehicle_cmds"}, Verdict::ok, "good", true, true},
           Row{Scopes{"vehicle_device_data", "vehicle_charging_cmds"}, Verdict::warning, "lacks vehicle_cmds", true,
               true},
           Row{Scopes{"vehicle_device_data"}, Verdict::problem, "lacks vehicle_cmds, vehicle_charging_cmds", true,
               false},
           Row{Scopes{"vehicle_cmds"}, Verdict::problem, "lacks vehicle_device_data", false, true},
           Row{Scopes{}, Verdict::problem, "lacks vehicle_cmds, vehicle_charging_cmds, vehicle_device_data", false,
               false},
       }) {
    const auto& shown = row.says;
    CAPTURE(shown);
    const auto evidence = with_token(kNow + 3'600, row.scopes);
    const auto finding = judge_token(evidence);
    CHECK(finding.verdict == row.verdict);
    CHECK(contains(finding.says, row.says));
    CHECK(finding.advice.empty() == (row.verdict == Verdict::ok));
    CHECK(token_shows_no_vehicle(evidence).empty() == row.shows_vehicle);
    CHECK(token_sends_no_command(evidence).empty() == row.sends_commands);
  }
}

TEST_CASE("diagnosis: a vehicle is judged by its state, and by whether it is in service") {
  struct Row {
    VehicleFacts facts;
    Verdict verdict;
    std::string says;
  };
  for (const auto& row : {
           Row{{.state = "online", .access_type = "OWNER"}, Verdict::ok, "online; access of the token: OWNER"},
           Row{{.state = "online", .in_service = true}, Verdict::warning, "in service"},
           Row{{.state = "asleep"}, Verdict::warning, "asleep"},
           Row{{.state = "offline"}, Verdict::problem, "its state: offline"},
           Row{{.state = "shutting_down"}, Verdict::problem, "its state: shutting_down"},
       }) {
    const auto& shown = row.says;
    CAPTURE(shown);
    const auto evidence = with_vehicle(row.facts);
    const auto finding = judge_vehicle(evidence);
    CHECK(finding.verdict == row.verdict);
    CHECK(contains(finding.says, row.says));
    CHECK(finding.advice.empty() == (row.verdict == Verdict::ok));
    CHECK(vehicle_is_not_known(evidence).empty());
    CHECK(vehicle_is_not_online(evidence).empty() == (row.facts.state == "online"));
  }
  Evidence refused;
  refused.vehicle = crypto::Result<VehicleFacts, Trouble>(kRefused);
  CHECK(judge_vehicle(refused).says == "refused");
  CHECK_FALSE(vehicle_is_not_known(refused).empty());
  CHECK_FALSE(vehicle_is_not_online(refused).empty());
}

TEST_CASE("diagnosis: a pairing is judged by whether the vehicle asks for signed commands") {
  struct Row {
    FleetStatus status;
    Verdict verdict;
    std::string says;
  };
  for (const auto& row : {
           Row{{.pairing = Pairing::paired, .firmware = "2024.44.1", .keys = 5},
               Verdict::ok,
               "paired with the vehicle; firmware 2024.44.1; keys in the vehicle: 5"},
           Row{{.pairing = Pairing::unpaired, .protocol_required = true}, Verdict::problem, "not paired with"},
           Row{{.pairing = Pairing::unpaired}, Verdict::problem, "not paired with"},
           Row{{.pairing = Pairing::unpaired, .protocol_required = false}, Verdict::warning, "does not ask for signed"},
           Row{{.pairing = Pairing::unknown}, Verdict::warning, "does not say"},
       }) {
    const auto& shown = row.says;
    CAPTURE(shown);
    const auto evidence = with_fleet_status(row.status);
    const auto finding = judge_fleet_status(evidence);
    const bool is_unpaired = row.status.pairing == Pairing::unpaired;
    CHECK(finding.verdict == row.verdict);
    CHECK(contains(finding.says, row.says));
    CHECK(contains(finding.advice, "https://tesla.com/_ak/example.com") == is_unpaired);
    CHECK(key_is_not_paired(evidence).empty() != is_unpaired);
    CHECK(fleet_status_was_final(evidence).empty());
  }
  Evidence failed;
  failed.fleet_status = crypto::Result<FleetStatus, Trouble>(kPassing);
  CHECK(judge_fleet_status(failed).says == "busy");
  CHECK(key_is_not_paired(failed).empty());
  CHECK(fleet_status_was_final(failed).empty());
  failed.fleet_status = crypto::Result<FleetStatus, Trouble>(kRefused);
  CHECK_FALSE(fleet_status_was_final(failed).empty());
}

TEST_CASE("diagnosis: while the key is being replaced, what Fleet API says of the registered one hinders no question") {
  for (const auto pairing : {Pairing::paired, Pairing::unpaired, Pairing::unknown}) {
    auto evidence = with_fleet_status({.pairing = pairing, .protocol_required = true});
    evidence.key_stage = vehicles::KeyStage::waiting;
    const auto finding = judge_fleet_status(evidence);
    CHECK(finding.verdict == (pairing == Pairing::paired ? Verdict::ok : Verdict::warning));
    CHECK(contains(finding.says, "the key that is registered"));
    CHECK(contains(finding.advice, "add the vehicle to `next_key_vehicles`"));
    CHECK(key_is_not_paired(evidence).empty());
    evidence.key_stage = vehicles::KeyStage::moved;
    CHECK(judge_fleet_status(evidence).verdict == (pairing == Pairing::paired     ? Verdict::ok
                                                   : pairing == Pairing::unpaired ? Verdict::problem
                                                                                  : Verdict::warning));
    CHECK(key_is_not_paired(evidence).empty() == (pairing != Pairing::unpaired));
  }
}

TEST_CASE("diagnosis: the key is said to be which of the two it is, while there are two") {
  CHECK_FALSE(contains(judge_key({}).says, "key_file"));
  CHECK(contains(judge_key({.key_stage = vehicles::KeyStage::waiting}).says, "it is that of key_file"));
  CHECK(contains(judge_key({.key_stage = vehicles::KeyStage::moved}).says, "it is that of next_key_file"));
}

TEST_CASE("diagnosis: a ping is judged by what the vehicle says to it") {
  Evidence evidence;
  CHECK(judge_security_ping(evidence).verdict == Verdict::skipped);
  evidence.security_ping = crypto::Result<protocol::Outcome, Trouble>(protocol::Outcome{.accepted = true});
  evidence.infotainment_ping = crypto::Result<protocol::Outcome, Trouble>(protocol::Outcome{.reason = "not now"});
  CHECK(judge_security_ping(evidence).verdict == Verdict::ok);
  CHECK(security_ping_was_final(evidence).empty());
  CHECK(judge_infotainment_ping(evidence).verdict == Verdict::warning);
  CHECK(contains(judge_infotainment_ping(evidence).says, "declined: not now"));
  evidence.security_ping = crypto::Result<protocol::Outcome, Trouble>(kPassing);
  CHECK(judge_security_ping(evidence).says == "busy");
  CHECK(security_ping_was_final(evidence).empty());
  evidence.security_ping = crypto::Result<protocol::Outcome, Trouble>(kRefused);
  CHECK_FALSE(security_ping_was_final(evidence).empty());
}

}  // namespace
}  // namespace fleetsign::diagnosis
