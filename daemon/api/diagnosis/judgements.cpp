// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/diagnosis/judgements.h"

#include <cstdlib>
#include <optional>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/digest.h"
#include "daemon/api/diagnosis/answers.h"
#include "protocol/failure.h"

namespace fleetsign::diagnosis {
namespace {

using vehicles::KeyStage;

constexpr std::int64_t kSlightlyOff = 30;  // seconds: more than a slow answer explains
constexpr std::int64_t kFarOff = 120;
constexpr std::int64_t kSoon = 300;

constexpr std::string_view kCommands = "vehicle_cmds";
constexpr std::string_view kChargingCommands = "vehicle_charging_cmds";
constexpr std::string_view kDeviceData = "vehicle_device_data";

constexpr const char* kNewToken = "get a new one with its refresh token, or have the owner sign in again";
constexpr const char* kTimeService = "let a time service, such as systemd-timesyncd, set the clock";

/// "40 s", "12 min", "3 h", "5 days": of the largest unit of which there are two or more.
std::string to_text(std::int64_t seconds) {
  struct Unit {
    std::int64_t seconds;
    std::string_view name;
  };
  for (const auto& [size, name] : {Unit{86'400, " days"}, Unit{3'600, " h"}, Unit{60, " min"}}) {
    if (seconds >= 2 * size) return std::to_string(seconds / size).append(name);
  }
  return std::to_string(seconds) + " s";
}

/// Whether a token has the scope, as far as it says: what cannot be read may have all of them.
bool has_scope(const Evidence& evidence, std::string_view scope) {
  const auto& token = evidence.token;
  return !token || !token->scopes || token->scopes->contains(scope);
}

/// Nothing for a token that does not say.
std::optional<std::int64_t> seconds_left(const Evidence& evidence) {
  if (!evidence.token || !evidence.token->expires_at) return std::nullopt;
  return *evidence.token->expires_at - evidence.unix_now;
}

bool may_command(const Evidence& evidence) {
  return has_scope(evidence, kCommands) || has_scope(evidence, kChargingCommands);
}

/// The scopes that a token lacks and that something needs; empty when it has them all.
std::string missing_scopes(const Evidence& evidence) {
  std::string missing;
  for (const auto scope : {kCommands, kChargingCommands, kDeviceData}) {
    // Fleet API takes every command, charging included, from who has the first (fleet_api.md, section A.0).
    const bool is_covered = scope == kChargingCommands && has_scope(evidence, kCommands);
    if (!is_covered && !has_scope(evidence, scope)) missing.append(missing.empty() ? "" : ", ").append(scope);
  }
  return missing;
}

std::string describe(const FleetStatus& status) {
  std::string text;
  if (!status.firmware.empty()) text += "; firmware " + status.firmware;
  if (status.keys) text += "; keys in the vehicle: " + std::to_string(*status.keys);
  return text;
}

/// Of a question that was not put although nothing stood in its way.
Finding not_asked() {
  return {.verdict = Verdict::skipped, .says = "it was not asked: the caller has gone"};
}

/// Of a vehicle that is commanded with the key that is being replaced: what Fleet API says is about the key that is
/// registered, which may be the next one by now.
Finding judge_next_pairing(const Evidence& evidence, const FleetStatus& status) {
  if (status.pairing == FleetStatus::Pairing::paired) {
    return {.verdict = Verdict::ok,
            .says = "the key that is registered is paired with the vehicle" + describe(status),
            .advice = "if that is the key of next_key_file, add the vehicle to `next_key_vehicles`"};
  }
  return {.verdict = Verdict::warning,
          .says =
              "the key that is registered is not known to be paired with the vehicle, which is commanded with that "
              "of key_file" +
              describe(status),
          .advice = pairing_advice(evidence.domain, evidence.key_stage)};
}

Finding judge_ping(const Asked<protocol::Outcome>& ping, const char* part) {
  if (!ping) return not_asked();
  if (!*ping) return ping->error().finding;
  const auto& outcome = **ping;
  if (outcome.accepted) return {.verdict = Verdict::ok, .says = std::string(part) + " accepts the key, and answers"};
  return {.verdict = Verdict::warning, .says = std::string(part) + " accepts the key, but declined: " + outcome.reason};
}

template <class T>
bool ended_for_good(const Asked<T>& asked) {
  return asked && !*asked && asked->error().is_final;
}

}  // namespace

Finding judge_key(const Evidence& evidence) {
  const std::string which = evidence.key_stage == KeyStage::only    ? ""
                            : evidence.key_stage == KeyStage::moved ? "; it is that of next_key_file"
                                                                    : "; it is that of key_file, as the vehicle is not "
                                                                      "in `next_key_vehicles`";
  const auto print = "SHA-256 of its public half: " + fingerprint(evidence.public_pem) + which;
  if (evidence.key_file_trouble.empty()) return {.verdict = Verdict::ok, .says = "the key is loaded; " + print};
  return {.verdict = Verdict::warning,
          .says = "the key is loaded, but " + evidence.key_file_trouble + "; " + print,
          .advice = "put the file in order before the next start"};
}

Finding judge_clock(const Evidence& evidence) {
  const bool is_kept = evidence.clock_synchronised.value_or(true);
  const std::string unkept = is_kept ? "" : ", and nothing keeps it synchronised";
  const auto ahead = evidence.clock_ahead.value_or(0);
  const auto off = std::abs(ahead);
  if (off <= kSlightlyOff) {
    return {.verdict = is_kept ? Verdict::ok : Verdict::warning,
            .says = (evidence.clock_ahead ? "the clock agrees with Fleet API's"
                                          : "the clock was not compared with Fleet API's") +
                    unkept,
            .advice = is_kept ? "" : kTimeService};
  }
  return {.verdict = off < kFarOff ? Verdict::warning : Verdict::problem,
          .says = "the clock is " + to_text(off) + (ahead > 0 ? " ahead of" : " behind") + " Fleet API's" + unkept,
          .advice = kTimeService};
}

Finding judge_token(const Evidence& evidence) {
  const std::string goes_to = "; requests go to " + evidence.base_url;
  if (!evidence.token) {
    return {.verdict = Verdict::ok, .says = "the token is no JWT, so only Fleet API can read it" + goes_to};
  }
  const auto left = seconds_left(evidence);
  if (left && *left <= 0) {
    return {.verdict = Verdict::problem,
            .says = "the token expired " + to_text(-*left) + " ago, by this machine's clock",
            .advice = kNewToken};
  }
  if (const auto missing = missing_scopes(evidence); !missing.empty()) {
    const bool only_charges = may_command(evidence) && has_scope(evidence, kDeviceData);
    return {.verdict = only_charges ? Verdict::warning : Verdict::problem,
            .says = "the token lacks " + missing + (only_charges ? ", so it commands charging only" : "") + goes_to,
            .advice = "have the owner sign in again and grant what is missing"};
  }
  if (left && *left < kSoon) {
    return {
        .verdict = Verdict::warning, .says = "the token expires in " + to_text(*left) + goes_to, .advice = kNewToken};
  }
  return {.verdict = Verdict::ok,
          .says = (left ? "the token is good for " + to_text(*left) : "the token does not say how long it is good") +
                  goes_to};
}

Finding judge_vehicle(const Evidence& evidence) {
  if (!evidence.vehicle) return not_asked();
  if (!*evidence.vehicle) return evidence.vehicle->error().finding;
  const auto& vehicle = **evidence.vehicle;
  const auto access = vehicle.access_type.empty() ? "" : "; access of the token: " + vehicle.access_type;
  if (vehicle.state == "asleep") {
    return {.verdict = Verdict::warning,
            .says = "the vehicle is asleep: it takes no command until it is woken" + access,
            .advice = std::string(row_of(protocol::Kind::vehicle_unavailable).hint)};
  }
  if (vehicle.state != "online") {
    return {.verdict = Verdict::problem,
            .says = "the vehicle is not online; its state: " + vehicle.state + access,
            .advice = "bring it to where it has a connection; a person in it can reset its screen"};
  }
  if (vehicle.in_service) {
    return {.verdict = Verdict::warning,
            .says = "the vehicle is online, but in service: it may decline commands" + access,
            .advice = "wait until the service is over"};
  }
  return {.verdict = Verdict::ok, .says = "the vehicle is online" + access};
}

Finding judge_fleet_status(const Evidence& evidence) {
  if (!evidence.fleet_status) return not_asked();
  if (!*evidence.fleet_status) return evidence.fleet_status->error().finding;
  const auto& status = **evidence.fleet_status;
  const auto more = describe(status);
  if (evidence.key_stage == KeyStage::waiting) return judge_next_pairing(evidence, status);
  if (status.pairing == FleetStatus::Pairing::paired) {
    return {.verdict = Verdict::ok, .says = "the key is paired with the vehicle" + more};
  }
  if (status.pairing == FleetStatus::Pairing::unknown) {
    return {.verdict = Verdict::warning, .says = "Fleet API does not say whether the key is paired" + more};
  }
  if (status.protocol_required == false) {
    return {.verdict = Verdict::warning,
            .says = "the key is not paired, but the vehicle does not ask for signed commands" + more,
            .advice = pairing_advice(evidence.domain, evidence.key_stage)};
  }
  return {.verdict = Verdict::problem,
          .says = "the key is not paired with the vehicle" + more,
          .advice = pairing_advice(evidence.domain, evidence.key_stage)};
}

Finding judge_security_ping(const Evidence& evidence) {
  return judge_ping(evidence.security_ping, "the part of the vehicle that locks it");
}

Finding judge_infotainment_ping(const Evidence& evidence) {
  return judge_ping(evidence.infotainment_ping, "the infotainment system");
}

std::string token_has_expired(const Evidence& evidence) {
  const auto left = seconds_left(evidence);
  return left && *left <= 0 ? "the token has expired" : "";
}

std::string token_shows_no_vehicle(const Evidence& evidence) {
  return has_scope(evidence, kDeviceData) ? "" : "the token may not ask about vehicles";
}

std::string token_sends_no_command(const Evidence& evidence) {
  return may_command(evidence) ? "" : "the token may not send commands";
}

std::string vehicle_is_not_known(const Evidence& evidence) {
  return evidence.vehicle && *evidence.vehicle ? "" : "Fleet API has told nothing of the vehicle";
}

std::string vehicle_is_without_protocol(const Evidence& evidence) {
  return evidence.without_protocol ? "the vehicle does not speak the protocol: its commands are passed on as they are"
                                   : "";
}

std::string vehicle_is_not_online(const Evidence& evidence) {
  const bool is_online = evidence.vehicle && *evidence.vehicle && (*evidence.vehicle)->state == "online";
  return is_online ? "" : "the vehicle is not online, and is not woken for this";
}

std::string fleet_status_was_final(const Evidence& evidence) {
  return ended_for_good(evidence.fleet_status) ? "Fleet API answers no further questions for now" : "";
}

std::string key_is_not_paired(const Evidence& evidence) {
  const auto& status = evidence.fleet_status;
  if (evidence.key_stage == KeyStage::waiting) return {};
  return status && *status && (*status)->pairing == FleetStatus::Pairing::unpaired ? "the key is not paired" : "";
}

std::string security_ping_was_final(const Evidence& evidence) {
  return ended_for_good(evidence.security_ping) ? "it would end as the one before" : "";
}

std::string fingerprint(const std::string& public_pem) {
  constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
  const auto begin = public_pem.find(kBegin);
  if (begin == std::string::npos) return {};
  std::string text;
  for (const char c : std::string_view(public_pem).substr(begin + kBegin.size())) {
    if (c == '-') break;
    if (c != '\n' && c != '\r') text += c;
  }
  const auto der = crypto::parse_base64(text);
  return der ? crypto::to_hex(crypto::sha256({*der})) : "";
}

}  // namespace fleetsign::diagnosis
