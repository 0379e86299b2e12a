// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/diagnosis/checks.h"

#include <algorithm>

namespace fleetsign::diagnosis {
namespace {

/// What stands in the way of a check, in words; empty when nothing does.
std::string obstacle_to(const Check& check, const Evidence& evidence) {
  for (const auto obstacle : check.needs) {
    if (auto why = obstacle(evidence); !why.empty()) return why;
  }
  return {};
}

Finding judge(const Check& check, const Evidence& evidence) {
  auto obstacle = obstacle_to(check, evidence);
  return obstacle.empty() ? check.judge(evidence) : Finding{.verdict = Verdict::skipped, .says = std::move(obstacle)};
}

}  // namespace

std::span<const Check> checks() {
  static const std::vector<Check> kChecks = {
      {.id = "key", .title = "whether the private key is loaded, and would load again", .judge = judge_key},
      {.id = "clock",
       .title = "whether this machine's clock is synchronised, and agrees with Fleet API's",
       .judge = judge_clock},
      {.id = "token", .title = "how long the token is good, its scopes, and where it leads", .judge = judge_token},
      {.id = "vehicle",
       .title = "whether the account has the vehicle, and whether it is online",
       .needs = {token_has_expired, token_shows_no_vehicle},
       .ask = &Examiner::ask_for_vehicle,
       .judge = judge_vehicle},
      {.id = "fleet_status",
       .title = "whether the key is paired with the vehicle, and its firmware",
       .needs = {vehicle_is_not_known},
       .ask = &Examiner::ask_for_fleet_status,
       .judge = judge_fleet_status},
      {.id = "ping_vehicle_security",
       .title = "whether the part that locks the vehicle accepts the key, with a signed question",
       .needs = {vehicle_is_not_known, token_sends_no_command, vehicle_is_without_protocol, vehicle_is_not_online,
                 fleet_status_was_final, key_is_not_paired},
       .ask = &Examiner::ping_security,
       .judge = judge_security_ping},
      {.id = "ping_infotainment",
       .title = "whether the infotainment system does, with a signed ping",
       .needs = {vehicle_is_not_known, token_sends_no_command, vehicle_is_without_protocol, vehicle_is_not_online,
                 fleet_status_was_final, key_is_not_paired, security_ping_was_final},
       .ask = &Examiner::ping_infotainment,
       .judge = judge_infotainment_ping},
  };
  return kChecks;
}

std::vector<Examined> examine(Examiner& examiner) {
  for (const Check& check : checks()) {
    if (examiner.caller_has_gone()) break;
    if (check.ask != nullptr && obstacle_to(check, examiner.evidence()).empty()) (examiner.*check.ask)();
  }
  std::vector<Examined> examined;
  for (const Check& check : checks()) examined.push_back({check.id, judge(check, examiner.evidence())});
  return examined;
}

bool is_healthy(const std::vector<Examined>& examined) {
  return std::ranges::none_of(examined, [](const Examined& one) { return one.finding.verdict == Verdict::problem; });
}

std::string markdown_table_of_checks() {
  std::string table = "| check | what it finds out |\n|---|---|\n";
  for (const Check& check : checks()) {
    table.append("| `").append(check.id).append("` | ").append(check.title).append(" |\n");
  }
  return table;
}

}  // namespace fleetsign::diagnosis
