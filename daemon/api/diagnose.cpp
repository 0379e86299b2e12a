// SPDX-License-Identifier: Apache-2.0
// Why a vehicle does not do what it is told: the doctor, as a request.
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/api/api.h"
#include "daemon/api/diagnosis/checks.h"
#include "daemon/api/request.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;

Json as_json(const std::vector<diagnosis::Examined>& examined) {
  Json list = Json::array();
  for (const auto& [check, finding] : examined) {
    list.push_back({{"check", check},
                    {"verdict", to_string(finding.verdict)},
                    {"says", finding.says},
                    {"advice", finding.advice}});
  }
  return list;
}

/// The checks that found a problem, for the log.
std::string problems_in(const std::vector<diagnosis::Examined>& examined) {
  std::string problems;
  for (const auto& [check, finding] : examined) {
    if (finding.verdict == diagnosis::Verdict::problem) problems.append(problems.empty() ? "" : ",").append(check);
  }
  return problems.empty() ? "none" : problems;
}

}  // namespace

http::Reply Api::diagnose(const Context& context) const {
  const auto vin = parse_vin(context.captures[0]);
  if (!vin) return render(vin.error(), context.footer);
  const auto started = parts_.clock();
  diagnosis::Examiner examiner({.fleet_api = parts_.fleet_api,
                                .commander = parts_.commander,
                                .clock = parts_.clock,
                                .unix_now = parts_.unix_now},
                               {.vin = *vin,
                                .token = *context.caller.token,
                                .patience = {.deadline = context.deadline, .caller_gone = context.request.caller_gone}},
                               {.public_pem = parts_.keys.of(*vin)->public_pem(),
                                .key_stage = parts_.keys.stage_of(*vin),
                                .key_file_trouble = parts_.key_file_trouble(),
                                .domain = options_.domain,
                                .unix_now = parts_.unix_now(),
                                .clock_synchronised = parts_.clock_synchronised(),
                                .token = upstream::read_token(context.caller.token->expose()),
                                .base_url = parts_.fleet_api.base_url_for(*context.caller.token),
                                .without_protocol = parts_.without_protocol.has(*vin)});
  const auto examined = diagnosis::examine(examiner);
  spend(context, upstream::Category::commands, examiner.billed_commands());
  parts_.metrics.count_diagnosis(examiner.upstream_requests(), examiner.keys_replaced());
  if (examiner.keys_replaced() > 0) parts_.log.warning("vehicle_key_replaced", {{"vin", ops::ShortVin{*vin}}});
  parts_.log.info("diagnosis", {{"vin", ops::ShortVin{*vin}},
                                {"problems", ops::Plain{problems_in(examined)}},
                                {"upstream_requests", examiner.upstream_requests()},
                                {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock() - started)},
                                {"request_id", ops::Plain{context.footer.request_id}}});
  return render_document({{"vin", *vin},
                          {"healthy", is_healthy(examined)},
                          {"checks", as_json(examined)},
                          {"upstream_requests", examiner.upstream_requests()},
                          {"request_id", context.footer.request_id}});
}

}  // namespace fleetsign::api
