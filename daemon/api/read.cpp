// SPDX-License-Identifier: Apache-2.0
// Reads of a vehicle's data, each answer of which is paid for once.
#include <charconv>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "daemon/api/api.h"
#include "daemon/api/request.h"
#include "daemon/api/under_way.h"

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
  const UnderWay under_way(in_flight_);
  const auto started = parts_.clock();
  const auto& request = context.request;
  const upstream::Charge charge{.category = upstream::Category::data, .vehicle = vehicle_of(context)};
  upstream::Call call{.method = request.method,
                      .target = request.target,
                      .headers = fields_for_fleet_api(request.headers),
                      .deadline = context.deadline,
                      .vehicle = charge.vehicle};
  int requests = 0;
  std::optional<Failure> failure;
  const auto ask = [&](const std::function<bool()>& unwanted) -> std::optional<upstream::Delivered> {
    call.caller_gone = unwanted;
    const auto since = parts_.clock();
    failure = parts_.rates.admit(charge);
    if (failure) return std::nullopt;
    auto answer = parts_.fleet_api.send(call, *context.caller.token);
    requests = upstream::requests_made(answer);
    parts_.rates.settle(charge, upstream::requests_counted(answer), since);
    spend(context, charge.category, requests);
    if (auto* delivered = std::get_if<upstream::Delivered>(&answer)) return std::move(*delivered);
    failure = describe(std::get<upstream::Undelivered>(answer), Executes::nothing);
    return std::nullopt;
  };
  const auto reading =
      parts_.reads.read({.key = key_of_read(*context.caller.token, call.target, call.headers),
                         .vehicle = charge.vehicle,
                         .patience = {.deadline = context.deadline, .caller_gone = request.caller_gone},
                         .oldest = oldest_wanted(request)},
                        ask);
  Footer footer = context.footer;
  footer.upstream_requests = requests;
  auto reply = reading.answer ? render(*reading.answer, footer, std::nullopt, Executes::nothing)
                              : render(failure.value_or(out_of_patience(request)), footer);
  if (reading.from == From::kept) {
    reply.headers.set("Age", std::to_string(age_of(*reading.answer, reading.age).count()));
  }
  if (reading.answer && reading.from != From::asked) parts_.metrics.count_saved_read(to_string(reading.from));
  parts_.metrics.count_forwarded(reply.status, requests);
  parts_.log.info("read", {{"vin", ops::ShortVin{charge.vehicle}},
                           {"status", reply.status},
                           {"from", ops::Plain{to_string(reading.from)}},
                           {"upstream_requests", requests},
                           {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock() - started)},
                           {"request_id", ops::Plain{footer.request_id}}});
  return reply;
}

}  // namespace fleetsign::api
