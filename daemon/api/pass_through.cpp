// SPDX-License-Identifier: Apache-2.0
// Everything below /api/1/ that is not ours to answer: to Fleet API and back as it is, while it comes.
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/api/api.h"
#include "daemon/api/record.h"
#include "daemon/api/relay.h"
#include "daemon/api/request.h"
#include "daemon/http/read_ahead.h"
#include "daemon/http/under_way.h"
#include "protocol/vin.h"

namespace fleetsign::api {
namespace {

using protocol::Failure;
using protocol::Kind;

/// What is looked at of a reply before any of it goes on. What we look for stands in answers that are far shorter.
constexpr std::size_t kReadAhead = std::size_t{64} * 1024;

bool is_json(const http::Headers& headers) {
  const auto* type = headers.find("Content-Type");
  return type == nullptr || type->find("json") != std::string::npos;
}

/// Whether the text of a reply says what became of the request.
bool is_telling(const upstream::Incoming& incoming, Executes effect) {
  if (effect == Executes::nothing || incoming.status == 204 || incoming.status == 304) return false;
  if (incoming.status < 200 || incoming.status > 299) return true;
  return is_json(incoming.headers) && incoming.body->size().value_or(0) <= kReadAhead;
}

/// RFC 9110 section 9.3.2.
bool has_no_body(std::string_view method, int status) {
  return method == "HEAD" || http::has_no_content(status);
}

/// Fleet API's reply; all of it in `body`, or all of it in `body_source`. Or why there is none.
http::Reply render_opening(upstream::Opening opening, const http::Request& request, const Footer& footer) {
  const auto effect = effect_of(request.method);
  if (const auto* undelivered = std::get_if<upstream::Undelivered>(&opening)) {
    const auto refusal = request.body_refusal();
    if (!refusal) return render(describe(*undelivered, effect), footer);
    auto failure = describe(*refusal);
    const bool was_sent = undelivered->sent == upstream::Undelivered::Sent::maybe;
    // Fleet API may have acted on what it has got of it, though that was not the whole.
    if (was_sent && effect == Executes::something) failure.executed = protocol::Executed::unknown;
    return render(failure, footer);
  }
  auto& incoming = std::get<upstream::Incoming>(opening);
  std::string beginning;
  bool whole = false;
  if (is_telling(incoming, effect)) {
    auto ahead = std::make_unique<http::ReadAhead>(std::move(incoming.body), kReadAhead);
    if (ahead->failure()) return render(describe(upstream::Undelivered{.cause = *ahead->failure()}, effect), footer);
    beginning = ahead->beginning();
    whole = ahead->whole();
    incoming.body = std::move(ahead);
  }
  const upstream::Delivered delivered{
      .status = incoming.status, .headers = std::move(incoming.headers), .body = std::move(beginning)};
  auto reply = render_forwarded(delivered, effect, footer).reply;
  if (whole || reply.status != incoming.status) return reply;  // a status that HTTP does not have
  if (has_no_body(request.method, reply.status)) reply.content_length = http::content_length(delivered.headers);
  reply.body = {};
  reply.body_source = std::move(incoming.body);
  return reply;
}

}  // namespace

/// One request on its way through, until its reply has gone or failed.
struct Api::Passage {
  http::UnderWay under_way;
  protocol::Instant arrived;  ///< its first byte
  std::string method;
  std::string request_id;
  std::shared_ptr<CountedBody> streamed = {};  ///< the body of the request, where it is not held
  std::uint64_t held = 0;                      ///< the size of one that is
  int requests = 0;
  int status = 0;
  ops::Took took{};           ///< up to the head of the reply
  std::string transaction{};  ///< as upstream::transaction_of() has it
};

std::optional<http::Reply> Api::refuse_dry_run(const Context& context) {
  const auto dry_run = flag_in(context.request.query, kDryRun);
  if (!dry_run) return render(dry_run.error(), context.footer);
  if (!*dry_run) return std::nullopt;
  return render(Failure{.kind = Kind::bad_request,
                        .message = "only commands and telemetry configurations have dry runs",
                        .hint = "POST /api/1/vehicles/VIN/command/NAME?dry_run=true"},
                context.footer);
}

std::string Api::vehicle_of(const Context& context) const {
  auto name = upstream::vehicle_in(context.request.path);
  // Two names for one vehicle would be two sets of books.
  if (protocol::is_fleet_api_id(name) && context.caller.token) {
    if (auto vin = parts_.vehicle_list.known(name, *context.caller.token)) return *std::move(vin);
  }
  return name;
}

std::optional<upstream::Charge> Api::charge_for(const Context& context) const {
  auto charge = upstream::charge_of(context.request.method, context.request.path);
  if (charge) charge->vehicle = vehicle_of(context);
  return charge;
}

http::Reply Api::pass_through(const Context& context) const {
  if (auto refusal = refuse_dry_run(context)) return *std::move(refusal);
  const auto& request = context.request;
  if (request.method == "HEAD" && has_body(request)) {
    return render(Failure{.kind = Kind::bad_request,
                          .message = "a HEAD request with a body is not passed on",
                          .hint = "send it without a body, or another method"},
                  context.footer);
  }
  if (request.caller_gone()) {
    return render(Failure{.kind = Kind::expired_unsent, .message = "the caller has gone"}, context.footer);
  }
  if (is_shared_read(context)) return read(context);
  const std::shared_ptr<Passage> passage(new Passage{.under_way = http::UnderWay(in_flight_),
                                                     .arrived = context.started - request.age,
                                                     .method = request.method,
                                                     .request_id = context.footer.request_id,
                                                     .held = request.body.size()});
  const auto charge = charge_for(context);
  const auto since = parts_.clock();
  if (const auto refusal = charge ? parts_.rates.admit(*charge) : std::nullopt) return render(*refusal, context.footer);
  if (request.body_source) passage->streamed = std::make_shared<CountedBody>(request.body_source);
  auto opening = parts_.fleet_api.open({.method = request.method,
                                        .target = request.target,
                                        .headers = fields_for_fleet_api(request.headers),
                                        .body = request.body,
                                        .body_source = passage->streamed,
                                        .deadline = context.deadline,
                                        .vehicle = charge ? charge->vehicle : std::string(),
                                        .caller_gone = request.caller_gone},
                                       *context.caller.token);
  passage->requests = upstream::requests_made(opening);
  passage->transaction = upstream::transaction_of(opening);
  if (charge) {
    parts_.rates.settle(*charge, upstream::requests_counted(opening), since);
    spend(context, charge->category, upstream::requests_billed(opening));
  }
  if (effect_of(request.method) == Executes::something) parts_.reads.forget(vehicle_of(context));
  Footer footer = context.footer;
  footer.upstream_requests = passage->requests;
  auto reply = render_opening(std::move(opening), request, footer);
  passage->status = reply.status;
  passage->took = took_so_far(context, parts_.clock() - since, {});
  parts_.metrics.count(
      ops::Metrics::Forwarded{.status = reply.status, .upstream_requests = passage->requests, .took = passage->took});
  if (!reply.body_source) {
    note_end(*passage, {.bytes = reply.body.size(), .failure = {}});
    return reply;
  }
  const auto body = std::make_shared<RelayedBody>(
      std::move(reply.body_source), [this, passage](const RelayedBody::End& end) { note_end(*passage, end); });
  // To its end, so that the connection to Fleet API can serve again.
  std::array<char, 1> none{};
  if (has_no_body(request.method, reply.status)) static_cast<void>(body->read(none));
  reply.body_source = body;
  return reply;
}

void Api::note_end(const Passage& passage, const RelayedBody::End& end) const {
  parts_.log.info("forwarded", {{"method", ops::Plain{passage.method}},
                                {"command", ops::Plain{"-"}},
                                {"status", passage.status},
                                {"upstream_requests", passage.requests},
                                {"request_bytes", passage.streamed ? passage.streamed->count() : passage.held},
                                {"reply_bytes", end.bytes},
                                {"ended", ops::Plain{end.failure.empty() ? "whole" : std::string_view(end.failure)}},
                                {"ms", whole_ms(parts_.clock() - passage.arrived)},
                                {"own_ms", whole_ms(passage.took.own())},
                                {"upstream_ms", whole_ms(passage.took.upstream)},
                                {"waiting_ms", whole_ms(passage.took.waiting)},
                                {"txid", or_dash(passage.transaction)},
                                {"request_id", ops::Plain{passage.request_id}}});
}

}  // namespace fleetsign::api
