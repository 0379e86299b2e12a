// SPDX-License-Identifier: Apache-2.0
// Reads of a vehicle's data, each answer of which is paid for once.
#include <charconv>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "daemon/api/api.h"
#include "daemon/api/record.h"
#include "daemon/api/relay.h"
#include "daemon/api/request.h"
#include "daemon/http/read_ahead.h"
#include "daemon/http/under_way.h"

namespace fleetsign::api {
namespace {

using protocol::Failure;
using protocol::Kind;
using From = Reading::From;

constexpr std::string_view kShared = "/vehicle_data";

std::string_view to_string(From from) {
  if (from == From::asked) return "fleet_api";
  return from == From::shared ? "shared" : "kept";
}

/// The most that is held of an answer, so that others can have it too. What Fleet API says of a vehicle is far shorter.
constexpr std::size_t kMostShared = std::size_t{1024} * 1024;

/// What came of a read: an answer that is whole, one that goes on, or why there is none.
using Answer = std::variant<upstream::Delivered, upstream::Incoming, upstream::Undelivered>;

Answer read_ahead(upstream::Opening opening) {
  if (auto* undelivered = std::get_if<upstream::Undelivered>(&opening)) return std::move(*undelivered);
  auto incoming = std::get<upstream::Incoming>(std::move(opening));
  auto body = std::make_unique<http::ReadAhead>(std::move(incoming.body), kMostShared);
  if (body->failure()) {
    return upstream::Undelivered{.cause = *body->failure(), .earlier = incoming.earlier, .repeats = incoming.repeats};
  }
  if (body->whole()) {
    return upstream::Delivered{
        .status = incoming.status, .headers = std::move(incoming.headers), .body = std::string(body->beginning())};
  }
  incoming.body = std::move(body);
  return incoming;
}

/// How old the answer is by now (RFC 9111 section 4.2.3): with what it says of its age when it came.
std::chrono::seconds age_of(const upstream::Delivered& answer, std::chrono::seconds since) {
  const auto* text = answer.headers.find("Age");
  std::uint32_t before = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), before);
  return std::chrono::seconds(before) + since;
}

/// Of a caller that waited for another's answer.
Failure out_of_patience(const http::Request& request) {
  if (request.caller_gone()) return {.kind = Kind::expired_unsent, .message = "the caller has gone"};
  return {.kind = Kind::expired_unsent,
          .message = "another caller reads the same just now, and its answer did not come in time",
          .hint = "allow more time: the header `Prefer: wait=60`"};
}

/// What the log says of a read once its reply is out.
struct Noted {
  protocol::Instant arrived;  ///< its first byte
  ops::Took took;             ///< up to the head of the reply
  std::string vin;
  From from;
  int status;
  int requests;
  std::string transaction;
  std::string request_id;
};

void log_end(ops::Log& log, const Noted& read, const RelayedBody::End& end, protocol::Instant now) {
  log.info("read", {{"vin", ops::ShortVin{read.vin}},
                    {"status", read.status},
                    {"from", ops::Plain{to_string(read.from)}},
                    {"upstream_requests", read.requests},
                    {"reply_bytes", end.bytes},
                    {"ended", ops::Plain{end.failure.empty() ? "whole" : std::string_view(end.failure)}},
                    {"ms", whole_ms(now - read.arrived)},
                    {"own_ms", whole_ms(read.took.own())},
                    {"upstream_ms", whole_ms(read.took.upstream)},
                    {"waiting_ms", whole_ms(read.took.waiting)},
                    {"txid", or_dash(read.transaction)},
                    {"request_id", ops::Plain{read.request_id}}});
}

http::Reply render_reading(const Reading& reading, std::optional<upstream::Incoming>& unshared, const Failure& failure,
                           const Footer& footer) {
  if (unshared) {
    auto reply =
        render({.status = unshared->status, .headers = unshared->headers}, footer, std::nullopt, Executes::nothing);
    if (reply.status == unshared->status) reply.body_source = std::move(unshared->body);
    return reply;
  }
  if (!reading.answer) return render(failure, footer);
  auto reply = render(*reading.answer, footer, std::nullopt, Executes::nothing);
  if (reading.from == From::kept) {
    reply.headers.set("Age", std::to_string(age_of(*reading.answer, reading.age).count()));
  }
  return reply;
}

}  // namespace

bool Api::is_shared_read(const Context& context) {
  const auto& request = context.request;
  const auto charge = upstream::charge_of(request.method, request.path);
  const bool is_data = charge && charge->category == upstream::Category::data && !charge->vehicle.empty();
  if (request.method != "GET" || !is_data || !request.path.ends_with(kShared) || has_body(request)) return false;
  // Who wants an answer of its own gets one.
  return oldest_wanted(request) != std::chrono::seconds(0);
}

http::Reply Api::read(const Context& context) const {
  const auto under_way = std::make_shared<http::UnderWay>(in_flight_);
  const auto& request = context.request;
  const upstream::Charge charge{.category = upstream::Category::data, .vehicle = vehicle_of(context)};
  upstream::Call call{.method = request.method,
                      .target = request.target,
                      .headers = fields_for_fleet_api(request.headers),
                      .deadline = context.deadline,
                      .vehicle = charge.vehicle};
  int requests = 0;
  std::optional<Failure> failure;
  std::optional<upstream::Incoming> unshared;
  std::string transaction;
  protocol::Duration asking{};
  const auto ask = [&](const std::function<bool()>& unwanted) -> std::optional<upstream::Delivered> {
    call.caller_gone = unwanted;
    const auto since = parts_.clock();
    failure = parts_.rates.admit(charge);
    if (failure) return std::nullopt;
    auto opening = parts_.fleet_api.open(call, *context.caller.token);
    requests = upstream::requests_made(opening);
    transaction = upstream::transaction_of(opening);
    parts_.rates.settle(charge, upstream::requests_counted(opening), since);
    spend(context, charge.category, upstream::requests_billed(opening));
    auto answer = read_ahead(std::move(opening));
    asking += parts_.clock() - since;
    if (auto* whole = std::get_if<upstream::Delivered>(&answer)) return std::move(*whole);
    if (auto* incoming = std::get_if<upstream::Incoming>(&answer)) unshared = std::move(*incoming);
    if (const auto* none = std::get_if<upstream::Undelivered>(&answer)) failure = describe(*none, Executes::nothing);
    return std::nullopt;
  };
  const auto begun = parts_.clock();
  const auto reading =
      parts_.reads.read({.key = key_of_read(*context.caller.token, call.target, call.headers),
                         .vehicle = charge.vehicle,
                         .patience = {.deadline = context.deadline, .caller_gone = request.caller_gone},
                         .oldest = oldest_wanted(request)},
                        ask);
  const auto took = took_so_far(context, asking, parts_.clock() - begun - asking);
  Footer footer = context.footer;
  footer.upstream_requests = requests;
  auto reply = render_reading(reading, unshared, failure.value_or(out_of_patience(request)), footer);
  if (reading.answer && reading.from != From::asked) parts_.metrics.count_saved_read(to_string(reading.from));
  parts_.metrics.count(ops::Metrics::Forwarded{.status = reply.status, .upstream_requests = requests, .took = took});
  const auto note = [this, under_way,
                     noted = Noted{.arrived = context.started - request.age,
                                   .took = took,
                                   .vin = charge.vehicle,
                                   .from = reading.from,
                                   .status = reply.status,
                                   .requests = requests,
                                   .transaction = transaction,
                                   .request_id = footer.request_id}](const RelayedBody::End& end) {
    log_end(parts_.log, noted, end, parts_.clock());
  };
  if (reply.body_source) {
    reply.body_source = std::make_shared<RelayedBody>(std::move(reply.body_source), note);
  } else {
    note({.bytes = reply.body.size(), .failure = {}});
  }
  return reply;
}

}  // namespace fleetsign::api
