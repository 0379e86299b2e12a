// SPDX-License-Identifier: Apache-2.0
// What a command leaves behind, signed or forwarded: its figures, and one line in the log.
#include "daemon/api/record.h"

#include <string>
#include <string_view>

#include "daemon/api/api.h"
#include "daemon/api/audit.h"

namespace fleetsign::api {
namespace {

using protocol::Failure;
using protocol::Kind;

std::string_view outcome_name(const protocol::Result<protocol::Outcome>& outcome) {
  if (!outcome) return row_of(outcome.error().kind).error_code;
  return outcome->accepted ? "ok" : "rejected";
}

std::string_view effect_name(const protocol::Result<protocol::Outcome>& outcome) {
  return to_string(outcome ? outcome->executed : outcome.error().was_executed());
}

/// What an operator should see of a command's failure, beside its count: a fault of ours or of the vehicle's state, and
/// a vehicle that may be somebody else.
void tell_operator(ops::Log& log, const Failure& failure, const std::string& vin, const std::string& request_id) {
  if (failure.kind == Kind::vehicle_error) {
    log.error(
        "vehicle_error",
        {{"what", ops::Plain{failure.message}}, {"vin", ops::ShortVin{vin}}, {"request_id", ops::Plain{request_id}}});
  }
  if (failure.kind == Kind::vehicle_key_changed) {
    log.warning("vehicle_key_refused", {{"vin", ops::ShortVin{vin}}, {"request_id", ops::Plain{request_id}}});
  }
}

}  // namespace

ops::Took Api::took_so_far(const Context& context, protocol::Duration upstream, protocol::Duration waited) const {
  return {.all = context.request.age + (parts_.clock() - context.started),
          .upstream = upstream,
          .waiting = context.waited + waited};
}

void Api::record(const Context& context, const Plan& plan, const vehicles::Report& report, Requests requests) const {
  context.is_recorded = true;
  const auto took = took_so_far(context, plan.upstream, plan.waited);
  const auto outcome = outcome_name(report.outcome);
  const auto executed = effect_name(report.outcome);
  const auto& request_id = context.footer.request_id;
  parts_.metrics.count(ops::Metrics::Command{.outcome = outcome,
                                             .executed = executed,
                                             .took = took,
                                             .upstream_requests = requests.counted_here,
                                             .handshakes = report.handshakes,
                                             .desyncs = report.desyncs,
                                             .vehicle_key_replaced = report.vehicle_key_replaced});
  if (report.vehicle_key_replaced) parts_.log.warning("vehicle_key_replaced", {{"vin", ops::ShortVin{plan.vin}}});
  if (!report.outcome) tell_operator(parts_.log, report.outcome.error(), plan.vin, request_id);
  parts_.log.info("command", {{"command", ops::Plain{plan.name}},
                              {"vin", ops::ShortVin{plan.vin}},
                              {"domain", ops::Plain{to_string(plan.payload->domain)}},
                              {"upstream_requests", requests.all},
                              {"outcome", ops::Plain{outcome}},
                              {"executed", ops::Plain{executed}},
                              {"ms", whole_ms(took.all)},
                              {"own_ms", whole_ms(took.own())},
                              {"upstream_ms", whole_ms(took.upstream)},
                              {"waiting_ms", whole_ms(took.waiting)},
                              {"txid", or_dash(report.transaction)},
                              {"request_id", ops::Plain{request_id}}});
}

void Api::record_forwarded(const Context& context, const Plan& plan, int status, std::string_view transaction,
                           Requests requests) const {
  context.is_recorded = true;
  const auto took = took_so_far(context, plan.upstream, plan.waited);
  parts_.metrics.count(
      ops::Metrics::Forwarded{.status = status, .upstream_requests = requests.counted_here, .took = took});
  parts_.log.info("forwarded", {{"method", ops::Plain{context.request.method}},
                                {"command", ops::Plain{plan.name}},
                                {"status", status},
                                {"upstream_requests", requests.all},
                                {"ms", whole_ms(took.all)},
                                {"own_ms", whole_ms(took.own())},
                                {"upstream_ms", whole_ms(took.upstream)},
                                {"waiting_ms", whole_ms(took.waiting)},
                                {"txid", or_dash(transaction)},
                                {"request_id", ops::Plain{context.footer.request_id}}});
}

void Api::record_other(const Context& context, ops::AuditEntry asked, const http::Reply& reply) const {
  if (reply.headers.find(kReplayed) != nullptr) return;  // which has a line of its own
  add_verdict(asked, reply);
  parts_.log.info("command", {{"command", ops::Plain{asked.command}},
                              {"vin", ops::ShortVin{asked.vehicles.empty() ? "" : asked.vehicles.front()}},
                              {"upstream_requests", asked.upstream_requests.value_or(0)},
                              {"outcome", ops::Plain{asked.outcome}},
                              {"executed", ops::Plain{asked.executed}},
                              {"ms", whole_ms(took_so_far(context, {}, {}).all)},
                              {"txid", or_dash(upstream::transaction_in(reply.headers))},
                              {"request_id", ops::Plain{context.footer.request_id}}});
}

void Api::note(const vehicles::Waking& waking, const Context& context, const std::string& vin) const {
  spend(context, upstream::Category::wakes, waking.billed_wakes);
  const auto outcome = waking.failure ? row_of(waking.failure->kind).error_code : "ok";
  parts_.metrics.count_waking(
      {.outcome = outcome, .wakes = waking.wakes, .upstream_requests = waking.upstream_requests});
  parts_.log.info("waking", {{"vin", ops::ShortVin{vin}},
                             {"wakes", waking.wakes},
                             {"upstream_requests", waking.upstream_requests},
                             {"outcome", ops::Plain{outcome}},
                             {"request_id", ops::Plain{context.footer.request_id}}});
}

}  // namespace fleetsign::api
