// SPDX-License-Identifier: Apache-2.0
// Commands: signed where that can be, else passed on.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "daemon/api/api.h"
#include "daemon/api/diagnosis/answers.h"
#include "daemon/api/request.h"
#include "daemon/http/under_way.h"
#include "protocol/catalogue/action.h"
#include "protocol/catalogue/catalogue.h"
#include "protocol/catalogue/text_form.h"
#include "protocol/text.h"
#include "protocol/vin.h"

namespace fleetsign::api {
namespace {

using protocol::Executed;
using protocol::Failure;
using protocol::Kind;

/// Fleet API's are all in lower case: in another one, a command would go round what is said of it here.
bool is_command_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

nlohmann::ordered_json describe_forwarding(const std::string& method, const std::string& target) {
  return {{"goes_to", "fleet_api"}, {"method", method}, {"target", target}};
}

vehicles::Patience patience_of(protocol::Instant deadline, const http::Request& request) {
  return {.deadline = deadline, .caller_gone = request.caller_gone};
}

/// Fleet API's own answer where there is one.
Verdict render_failure(const Failure& failure, const std::optional<upstream::Delivered>& answer, const Footer& footer) {
  return {answer ? render(*answer, footer, failure) : render(failure, footer), failure.was_executed()};
}

/// Whether a forwarded command has found its vehicle asleep, so that it cannot have been executed.
bool is_asleep(const upstream::Answer& answer) {
  const auto* delivered = std::get_if<upstream::Delivered>(&answer);
  return delivered != nullptr && protocol::read_status({.status = delivered->status, .body = delivered->body}).kind ==
                                     Kind::vehicle_unavailable;
}

/// Whether Fleet API wants the command signed; then it has not been executed.
bool wants_signature(const upstream::Answer& answer) {
  constexpr int kForbidden = 403;
  const auto* delivered = std::get_if<upstream::Delivered>(&answer);
  return delivered != nullptr && delivered->status == kForbidden &&
         protocol::says(delivered->body, protocol::Phrase::protocol_required);
}

bool has_woken(const std::optional<vehicles::Waking>& waking) {
  return waking && !waking->failure;
}

int requests_of(const std::optional<vehicles::Waking>& waking) {
  return waking ? waking->upstream_requests : 0;
}

/// Of the command wake_up: what is not online yet may be so soon.
Failure describe_wake_up(const vehicles::Waking& waking) {
  Failure failure = *waking.failure;
  if (!waking.asked) return failure;
  if (failure.kind == Kind::vehicle_unavailable) {
    failure = {.kind = Kind::no_reply,
               .message = "the vehicle was asked to wake, and is not online yet",
               .hint = "look at its state: GET /api/1/vehicles/VIN; or allow more time: the header `Prefer: wait=60`"};
  }
  failure.executed = Executed::unknown;
  return failure;
}

}  // namespace

http::Reply Api::command(const Context& context) const {
  return carry_out(context, &Api::plan_command);
}

http::Reply Api::action(const Context& context) const {
  return carry_out(context, &Api::plan_action);
}

http::Reply Api::carry_out(const Context& context,
                           protocol::Result<Plan> (Api::*make_plan)(const Context&) const) const {
  const auto key = idempotency_key_of(context.request);
  if (!key) return render(key.error(), context.footer);
  const auto dry_run = flag_in(context.request.query, kDryRun);
  if (!dry_run) return render(dry_run.error(), context.footer);
  const auto wake = flag_in(context.request.query, kWake, options_.auto_wake);
  if (!wake) return render(wake.error(), context.footer);
  auto plan = (this->*make_plan)(context);
  if (!plan) return render(plan.error(), context.footer);
  plan->wake = *wake;
  if (plan->is_by_id) {
    // Under a key it may have been executed before.
    const auto otherwise = *key ? Executed::unknown : Executed::no;
    if (auto refusal = locate(context, *plan, otherwise)) return *std::move(refusal);
    if (const auto refusal = refuse_vehicles(context, {plan->vin})) return render(*refusal, footer_of(context, *plan));
  }
  if (*dry_run) {
    return render_dry_run(is_signed(*plan) || plan->target.empty()
                              ? catalogue::describe(*plan->payload, catalogue::Privacy::masked)
                              : describe_forwarding(context.request.method, plan->target),
                          footer_of(context, *plan));
  }
  const auto since = parts_.clock();
  const auto run = [&] {
    plan->waited += parts_.clock() - since;  // for an earlier request with the same key
    auto verdict = deliver(context, *plan);
    if (verdict.executed != Executed::no) parts_.reads.forget(plan->vin);
    return verdict;
  };
  if (!*key) return run().reply;
  return parts_.idempotency.once(claim_of(context.request, context.caller, **key, plan->path, plan->target),
                                 patience_of(context.deadline, context.request), context.footer, run);
}

std::optional<http::Reply> Api::locate(const Context& context, Plan& plan, Executed otherwise) const {
  const auto patience = patience_of(context.deadline, context.request);
  const auto since = parts_.clock();
  const auto finding = parts_.vehicle_list.find(plan.vin, *context.caller.token, patience);
  plan.upstream += parts_.clock() - since;
  parts_.metrics.count_search(finding.upstream_requests);
  plan.searches = finding.upstream_requests;
  if (!finding.vin) {
    auto failure = finding.vin.error();
    failure.executed = otherwise;
    return render_failure(failure, finding.fleet_api_answer, footer_of(context, plan)).reply;
  }
  const auto length = upstream::vehicle_path(plan.vin).size();
  plan.vin = *finding.vin;
  if (context.audited) context.audited->vehicles = {plan.vin};
  plan.path.replace(0, length, upstream::vehicle_path(plan.vin));
  plan.target.replace(0, length, upstream::vehicle_path(plan.vin));
  return std::nullopt;
}

Footer Api::footer_of(const Context& context, const Plan& plan) {
  Footer footer = context.footer;
  footer.upstream_requests = plan.searches;
  if (plan.spent) *footer.upstream_requests += plan.spent->requests + plan.spent->waking;
  return footer;
}

bool Api::is_signed(const Plan& plan) const {
  return plan.payload && !parts_.without_protocol.has(plan.vin);
}

Verdict Api::deliver(const Context& context, Plan plan) const {
  if (plan.is_wake_up) return wake_up(context, plan);
  for (bool signs = is_signed(plan);; signs = !signs) {
    if (!signs && plan.target.empty()) {
      const upstream::Charge charge{.category = upstream::Category::commands, .vehicle = plan.vin};
      if (plan.spent) parts_.rates.settle(charge, plan.spent->counted, plan.spent->since);
      return {render(Failure{.kind = Kind::not_supported,
                             .message = "this vehicle does not speak the protocol, so only commands get to it",
                             .hint = "POST /api/1/vehicles/VIN/command/NAME is passed on to Fleet API"},
                     footer_of(context, plan)),
              Executed::no};
    }
    if (auto verdict = signs ? sign(context, plan) : forward(context, plan)) return *std::move(verdict);
  }
}

protocol::Result<Api::Plan> Api::plan_command(const Context& context) const {
  const auto tag = context.captures[0];
  const bool is_by_id = protocol::is_fleet_api_id(tag);
  const auto vin = is_by_id ? protocol::Result<std::string>(std::string(tag)) : parse_vin(tag);
  if (!vin) return vin.error();
  const auto name = context.captures[1];
  const auto* row = catalogue::find(name);
  const auto query = without_parameter(without_parameter(context.request.query, kDryRun), kWake);
  const auto path = upstream::vehicle_path(*vin) + "/command/" + std::string(name);
  Plan plan{.vin = *vin,
            .name = std::string(name),
            .path = path,
            .payload = {},
            .target = with_query(path, query),
            .is_by_id = is_by_id};
  if (row == nullptr) {
    if (options_.reject_unknown_commands || !is_command_name(name)) return catalogue::unknown_command(name);
    return plan;
  }
  const catalogue::Surroundings surroundings{.unix_now = parts_.unix_now(),
                                             .sign_experimental = options_.experimental_commands.contains(name)};
  const auto route = catalogue::route_of(*row, surroundings);
  if (route == catalogue::Route::wake) {
    plan.target = upstream::vehicle_path(*vin) + "/wake_up";
    plan.is_wake_up = true;
  }
  if (route != catalogue::Route::sign) return plan;

  const auto arguments = catalogue::parse_body(*row, context.request.body);
  if (!arguments) return arguments.error();
  auto payload = catalogue::encode(*row, *arguments, surroundings);
  if (!payload) return payload.error();
  plan.payload = *std::move(payload);
  return plan;
}

protocol::Result<Api::Plan> Api::plan_action(const Context& context) const {
  if (!options_.action_endpoint) {
    return Failure{.kind = Kind::not_allowed,
                   .message = "messages that are no commands are not sent from here",
                   .hint = "set `action_endpoint: true` in the configuration"};
  }
  auto vin = parse_vin(context.captures[0]);
  if (!vin) return vin.error();
  auto action = catalogue::parse_action(context.request.body);
  if (!action) return action.error();
  return Plan{.vin = *vin,
              .name = std::move(action->name),
              .path = "/fleetsign/v1/vehicles/" + *vin + "/action",
              .payload = std::move(action->payload),
              .target = {}};
}

std::optional<Verdict> Api::sign(const Context& context, Plan& plan) const {
  const http::UnderWay under_way(in_flight_);
  const auto started = parts_.clock();
  const auto& vin = plan.vin;
  const upstream::Charge charge{.category = upstream::Category::commands, .vehicle = vin};
  // What was admitted is not cut off in its midst.
  if (const auto refusal = plan.spent ? std::nullopt : parts_.rates.admit(charge)) {
    return Verdict{render(*refusal, footer_of(context, plan)), Executed::no};
  }
  const auto spent = plan.spent.value_or(Spent{.since = started});
  const auto report = parts_.commander.execute({.vin = vin,
                                                .payload = *plan.payload,
                                                .token = *context.caller.token,
                                                .patience = patience_of(context.deadline, context.request),
                                                .wake = plan.wake});
  plan.upstream += report.upstream;
  plan.waited += report.waiting;
  const int requests = spent.requests + report.upstream_requests - requests_of(report.waking);
  const int counted = spent.counted + requests - spent.requests - report.uncounted;
  spend(context, charge.category, report.billed);
  const bool was_woken = spent.woken || has_woken(report.waking);
  if (report.waking) note(*report.waking, context, vin);
  if (report.without_protocol && !plan.spent) {
    parts_.without_protocol.add(vin);
    parts_.metrics.count_vain_handshakes(requests);
    parts_.log.info("without_protocol",
                    {{"vin", ops::ShortVin{vin}}, {"request_id", ops::Plain{context.footer.request_id}}});
    plan.spent = Spent{.requests = requests,
                       .counted = counted,
                       .since = started,
                       .waking = requests_of(report.waking),
                       .woken = was_woken};
    return std::nullopt;
  }
  parts_.rates.settle(charge, counted, spent.since);
  const int all_requests = plan.searches + requests + spent.waking + requests_of(report.waking);
  record(context, plan, report, {.counted_here = requests, .all = all_requests});
  Footer footer = context.footer;
  footer.upstream_requests = all_requests;
  if (plan.wake) footer.woken = was_woken;
  if (report.outcome) return Verdict{render(*report.outcome, footer), report.outcome->executed};
  auto failure = report.outcome.error();
  if (failure.kind == Kind::key_not_paired) {
    failure.hint = diagnosis::pairing_advice(options_.domain, parts_.keys.stage_of(vin));
  }
  return render_failure(failure, report.fleet_api_answer, footer);
}

Verdict Api::wake_up(const Context& context, const Plan& plan) const {
  const http::UnderWay under_way(in_flight_);
  const auto waking = wake(context, plan.vin);
  Footer footer = context.footer;
  footer.woken = has_woken(waking);
  footer.upstream_requests = plan.searches + waking.upstream_requests;
  if (waking.failure) return render_failure(describe_wake_up(waking), waking.fleet_api_answer, footer);
  const protocol::Outcome done{.accepted = true, .executed = Executed::yes};
  return {render(done, footer), done.executed};
}

vehicles::Waking Api::wake(const Context& context, const std::string& vin) const {
  auto waking = parts_.waker.wake(vin, *context.caller.token, patience_of(context.deadline, context.request));
  note(waking, context, vin);
  return waking;
}

std::optional<Verdict> Api::forward(const Context& context, Plan& plan) const {
  const auto& request = context.request;
  if (request.caller_gone()) {
    return Verdict{
        render(Failure{.kind = Kind::expired_unsent, .message = "the caller has gone"}, footer_of(context, plan)),
        Executed::no};
  }
  const http::UnderWay under_way(in_flight_);
  const auto started = parts_.clock();
  const auto charge = upstream::charge_of(request.method, plan.target);
  if (const auto refusal = charge && !plan.spent ? parts_.rates.admit(*charge) : std::nullopt) {
    return Verdict{render(*refusal, footer_of(context, plan)), Executed::no};
  }
  const auto spent = plan.spent.value_or(Spent{.since = started});
  auto headers = fields_for_fleet_api(request.headers);
  // What we have read as JSON is; callers need not say so to us, and Fleet API wants it said.
  if (plan.payload) headers.set("Content-Type", "application/json");
  const upstream::Call call{.method = request.method,
                            .target = plan.target,
                            .headers = std::move(headers),
                            .body = request.body,
                            .deadline = context.deadline,
                            .caller_gone = request.caller_gone};
  const auto send = [&] {
    const auto since = parts_.clock();
    auto answer = parts_.fleet_api.send(call, *context.caller.token);
    plan.upstream += parts_.clock() - since;
    return answer;
  };
  auto answer = send();
  int requests = spent.requests + upstream::requests_made(answer);
  int counted = spent.counted + upstream::requests_counted(answer);
  int billed = upstream::requests_billed(answer);
  std::optional<vehicles::Waking> waking;
  if (plan.wake && is_asleep(answer)) {
    const auto since = parts_.clock();
    waking = wake(context, plan.vin);
    plan.waited += parts_.clock() - since;
  }
  if (has_woken(waking) && !request.caller_gone()) {
    answer = send();
    requests += upstream::requests_made(answer);
    counted += upstream::requests_counted(answer);
    billed += upstream::requests_billed(answer);
  }
  if (charge) spend(context, charge->category, billed);
  const int waking_requests = spent.waking + requests_of(waking);
  const bool was_woken = spent.woken || has_woken(waking);
  if (wants_signature(answer)) {
    if (parts_.without_protocol.has(plan.vin)) {
      parts_.without_protocol.forget(plan.vin);
      parts_.log.info("with_protocol",
                      {{"vin", ops::ShortVin{plan.vin}}, {"request_id", ops::Plain{context.footer.request_id}}});
    }
    if (plan.payload && !plan.spent) {
      plan.spent = Spent{
          .requests = requests, .counted = counted, .since = started, .waking = waking_requests, .woken = was_woken};
      return std::nullopt;
    }
  }
  if (charge) parts_.rates.settle(*charge, counted, spent.since);
  Footer footer = context.footer;
  footer.upstream_requests = plan.searches + requests + waking_requests;
  if (plan.wake) footer.woken = was_woken;
  const bool sleeps_on = waking && waking->failure;
  auto verdict = sleeps_on
                     ? render_failure(vehicles::without_effect(*waking->failure), waking->fleet_api_answer, footer)
                     : render_forwarded(answer, effect_of(request.method), footer);
  // Those spent before were handshakes, which are counted already.
  record_forwarded(context, plan, verdict.reply.status, upstream::transaction_of(answer),
                   {.counted_here = requests - spent.requests, .all = *footer.upstream_requests});
  return verdict;
}

}  // namespace fleetsign::api
