// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/commander.h"

#include <utility>
#include <variant>

#include "daemon/vehicles/answers.h"
#include "protocol/text.h"

namespace fleetsign::vehicles {
namespace {

using protocol::Failure;
using protocol::Kind;

upstream::Call signed_command(const Order& order, const protocol::Send& send) {
  return {.method = "POST",
          .target = upstream::vehicle_path(order.vin) + "/signed_command",
          .headers = {{"Content-Type", "application/json"}, {"Accept", "*/*"}},
          .body = protocol::write_message(send.message),
          .deadline = send.answer_by,
          .caller_gone = order.patience.caller_gone};
}

bool is_upstream_error(const protocol::Result<protocol::Outcome>& outcome) {
  return !outcome && outcome.error().kind == Kind::upstream_error;
}

/// Whether Fleet API says that the vehicle does not speak the protocol.
bool denies_protocol(const upstream::Delivered& answer) {
  constexpr int kUnprocessable = 422;
  return answer.status == kUnprocessable && protocol::says(answer.body, protocol::Phrase::no_protocol);
}

bool is_asleep(const protocol::Result<protocol::Outcome>& outcome) {
  return !outcome && outcome.error().kind == Kind::vehicle_unavailable &&
         outcome.error().was_executed() == protocol::Executed::no;
}

}  // namespace

Report Commander::execute(const Order& order) const {
  Report report{.outcome = protocol::Outcome{}};
  attempt(order, report);
  if (!order.wake || !is_asleep(report.outcome)) return report;

  const auto since = lanes_.now();
  report.waking = waker_.wake(order.vin, order.token, order.patience);
  report.waiting += lanes_.now() - since;
  report.upstream_requests += report.waking->upstream_requests;
  if (report.waking->failure) {
    report.outcome = without_effect(*report.waking->failure);
    report.fleet_api_answer = report.waking->fleet_api_answer;
    return report;
  }
  attempt(order, report);
  return report;
}

void Commander::attempt(const Order& order, Report& report) const {
  const auto since = lanes_.now();
  auto turn = lanes_.find_or_make(order.vin, order.payload.domain)->enter(order.patience);
  report.waiting += lanes_.now() - since;
  if (!turn) {
    report.outcome = std::move(turn).error();
    return;
  }
  protocol::Exchange exchange(order.payload, order.patience.deadline, rules_);
  upstream::Answer answer;
  bool was_signed = false;
  for (;;) {
    // A caller that has gone cannot be told what happened: nothing further is sent for it.
    auto step =
        order.patience.caller_gone() ? exchange.give_up("the caller has gone") : turn->next(exchange, order.patience);
    if (auto* done = std::get_if<protocol::Done>(&step)) {
      report.outcome = std::move(done->outcome);
      report.waiting += turn->waited();
      report.desyncs.insert(report.desyncs.end(), exchange.desyncs().begin(), exchange.desyncs().end());
      if (!is_upstream_error(report.outcome)) return;
      report.fleet_api_answer = std::get<upstream::Delivered>(std::move(answer));
      // A vehicle that has spoken it does so still.
      report.without_protocol =
          !was_signed && denies_protocol(*report.fleet_api_answer) && !lanes_.has_session(order.vin);
      return;
    }
    if (const auto* pause = std::get_if<protocol::Pause>(&step)) {
      turn->pause(pause->until, order.patience);
      continue;
    }
    const auto& send = std::get<protocol::Send>(step);
    was_signed = was_signed || send.what == protocol::Send::What::command;
    const auto sent_at = lanes_.now();
    answer = fleet_api_.send(signed_command(order, send), order.token);
    report.upstream += lanes_.now() - sent_at;
    report.transaction = upstream::transaction_of(answer);
    const int made = upstream::requests_made(answer);
    report.upstream_requests += made;
    report.billed += upstream::requests_billed(answer);
    report.uncounted += made - upstream::requests_counted(answer);
    if (send.what == protocol::Send::What::handshake) report.handshakes += made;
    if (turn->receive(exchange, as_answer(answer))) report.vehicle_key_replaced = true;
  }
}

}  // namespace fleetsign::vehicles
