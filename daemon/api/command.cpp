// SPDX-License-Identifier: Apache-2.0
// Commands and everything else below /api/1/: signed where that can be, else passed on.
#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/access/caller.h"
#include "daemon/api/api.h"
#include "daemon/api/request.h"
#include "protocol/catalogue/catalogue.h"

namespace fleetsign::api {
namespace {

using protocol::Failure;
using protocol::Kind;

std::string vehicle_path(const std::string& vin) {
  return "/api/1/vehicles/" + vin;
}

bool is_command_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Executes effect_of(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" ? Executes::nothing : Executes::something;
}

std::string_view outcome_name(const protocol::Result<protocol::Outcome>& outcome) {
  if (!outcome) return row_of(outcome.error().kind).error_code;
  return outcome->accepted ? "ok" : "rejected";
}

}  // namespace

http::Reply Api::command(const Context& context) const {
  const auto token = access::bearer_of(context.request);
  if (!token) return render(token.error(), context.footer);
  const auto vin = parse_vin(context.captures[0]);
  if (!vin) return render(vin.error(), context.footer);
  const auto name = context.captures[1];
  const auto* row = catalogue::find(name);
  const auto& query = context.request.query;
  const std::string rest_target =
      vehicle_path(*vin) + "/command/" + std::string(name) + (query.empty() ? "" : "?" + query);
  if (row == nullptr) {
    if (options_.reject_unknown_commands || !is_command_name(name)) {
      return render(catalogue::unknown_command(name), context.footer);
    }
    return forward(context, rest_target, *token);
  }
  if (row->route == catalogue::Route::wake) return forward(context, vehicle_path(*vin) + "/wake_up", *token);
  if (row->route == catalogue::Route::forward) return forward(context, rest_target, *token);

  const auto arguments = catalogue::parse_body(*row, context.request.body);
  if (!arguments) return render(arguments.error(), context.footer);
  auto payload = catalogue::encode(*row, *arguments, {.unix_now = parts_.unix_now()});
  if (!payload) return render(payload.error(), context.footer);
  if (!*payload) return forward(context, rest_target, *token);
  return sign(context, *vin, name, std::move(**payload), *token);
}

http::Reply Api::sign(const Context& context, const std::string& vin, std::string_view name, protocol::Payload payload,
                      const upstream::Bearer& token) const {
  const auto started = parts_.clock();
  const auto domain = payload.domain;
  const auto report = parts_.commander.execute(
      {.vin = vin,
       .payload = std::move(payload),
       .token = token,
       .patience = {.deadline = context.deadline, .caller_gone = context.request.caller_gone}});
  parts_.log.info("command", {{"command", ops::Plain{name}},
                              {"vin", ops::ShortVin{vin}},
                              {"domain", ops::Plain{to_string(domain)}},
                              {"upstream_requests", report.upstream_requests},
                              {"outcome", ops::Plain{outcome_name(report.outcome)}},
                              {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock() - started)},
                              {"request_id", ops::Plain{context.footer.request_id}}});
  Footer footer = context.footer;
  footer.upstream_requests = report.upstream_requests;
  if (report.outcome) return render(*report.outcome, footer);
  const auto& failure = report.outcome.error();
  return report.fleet_api_answer ? render(*report.fleet_api_answer, footer, failure) : render(failure, footer);
}

http::Reply Api::pass_through(const Context& context) const {
  const auto token = access::bearer_of(context.request);
  if (!token) return render(token.error(), context.footer);
  return forward(context, context.request.target, *token);
}

http::Reply Api::forward(const Context& context, std::string target, const upstream::Bearer& token) const {
  const auto& request = context.request;
  if (request.caller_gone()) {
    return render(Failure{.kind = Kind::expired_unsent, .message = "the caller has gone"}, context.footer);
  }
  const auto answer = parts_.fleet_api.send({.method = request.method,
                                             .target = std::move(target),
                                             .headers = fields_for_fleet_api(request.headers),
                                             .body = request.body,
                                             .deadline = context.deadline},
                                            token);
  Footer footer = context.footer;
  footer.upstream_requests = 1;
  if (const auto* delivered = std::get_if<upstream::Delivered>(&answer)) return render(*delivered, footer);
  const auto& undelivered = std::get<upstream::Undelivered>(answer);
  if (undelivered.sent == upstream::Undelivered::Sent::no) footer.upstream_requests = 0;
  return render(describe(undelivered, effect_of(request.method)), footer);
}

}  // namespace fleetsign::api
