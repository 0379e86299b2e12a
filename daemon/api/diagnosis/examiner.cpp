// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/diagnosis/examiner.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "daemon/api/diagnosis/answers.h"
#include "protocol/catalogue/action.h"
#include "protocol/catalogue/catalogue.h"

namespace fleetsign::diagnosis {
namespace {

/// A question to the part that locks the vehicle, for which the catalogue has no command.
protocol::Payload status_request() {
  auto payload =
      catalogue::parse_action(R"({"domain":"vehicle_security","message":{"InformationRequest":{}}})").value().payload;
  payload.repeat = protocol::Repeat::safe;
  return payload;
}

protocol::Payload ping_action() {
  return catalogue::encode(*catalogue::find("ping"), {}, {}).value().value();
}

}  // namespace

upstream::Answer Examiner::ask(std::string method, std::string target, std::string body) {
  upstream::Call call{.method = std::move(method),
                      .target = std::move(target),
                      .headers = {{"Accept", "*/*"}},
                      .body = std::move(body),
                      .deadline = patient_.patience.deadline,
                      .caller_gone = patient_.patience.caller_gone};
  if (!call.body.empty()) call.headers.add("Content-Type", "application/json");
  auto answer = means_.fleet_api.send(call, patient_.token);
  upstream_requests_ += upstream::requests_made(answer);
  compare_clocks(answer);
  return answer;
}

void Examiner::compare_clocks(const upstream::Answer& answer) {
  const auto* delivered = std::get_if<upstream::Delivered>(&answer);
  const auto* date = delivered == nullptr ? nullptr : delivered->headers.find("Date");
  if (date == nullptr || evidence_.clock_ahead) return;
  if (const auto theirs = parse_http_date(*date)) evidence_.clock_ahead = means_.unix_now() - *theirs;
}

void Examiner::ask_for_vehicle() {
  evidence_.vehicle = read_vehicle(ask("GET", upstream::vehicle_path(patient_.vin)));
}

void Examiner::ask_for_fleet_status() {
  const nlohmann::json body{{"vins", {patient_.vin}}};
  evidence_.fleet_status = read_fleet_status(ask("POST", "/api/1/vehicles/fleet_status", body.dump()), patient_.vin);
}

void Examiner::ping_security() {
  // Half of the time that is left, so that a part that does not answer leaves time for the other.
  const auto now = means_.clock();
  evidence_.security_ping = ping(status_request(), now + (patient_.patience.deadline - now) / 2);
}

void Examiner::ping_infotainment() {
  evidence_.infotainment_ping = ping(ping_action(), patient_.patience.deadline);
}

crypto::Result<protocol::Outcome, Trouble> Examiner::ping(protocol::Payload payload, protocol::Instant deadline) {
  const auto report =
      means_.commander.execute({.vin = patient_.vin,
                                .payload = std::move(payload),
                                .token = patient_.token,
                                .patience = {.deadline = deadline, .caller_gone = patient_.patience.caller_gone}});
  upstream_requests_ += report.upstream_requests;
  billed_commands_ += report.billed;
  if (report.vehicle_key_replaced) ++keys_replaced_;
  if (report.outcome) return *report.outcome;
  if (report.fleet_api_answer) return trouble_of_status(report.fleet_api_answer->status, report.fleet_api_answer->body);
  return trouble_of_command(report.outcome.error(), pairing_advice(evidence_.domain, evidence_.key_stage));
}

}  // namespace fleetsign::diagnosis
