// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/reply.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/api/request.h"
#include "daemon/upstream/request_rules.h"
#include "daemon/vehicles/answers.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;
using protocol::Failure;
using protocol::Kind;

/// What a listener refuses on its own, by the status it would answer with; any other is a malformed request.
struct RefusedAs {
  int status;
  Kind kind;
};
constexpr std::array kRefusals = {RefusedAs{408, Kind::request_timeout}, RefusedAs{413, Kind::too_large},
                                  RefusedAs{414, Kind::uri_too_long},    RefusedAs{431, Kind::headers_too_large},
                                  RefusedAs{500, Kind::internal},        RefusedAs{503, Kind::overloaded}};

http::Reply as_json(int status, const Json& body) {
  // Text that others wrote may not be UTF-8; a reply must be.
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = body.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + '\n'};
}

void add_footer(Json& body, const Footer& footer) {
  if (footer.woken) body["woken"] = *footer.woken;
  if (footer.upstream_requests) body["upstream_requests"] = *footer.upstream_requests;
  body["request_id"] = footer.request_id;
}

}  // namespace

http::Reply render(const protocol::Outcome& outcome, const Footer& footer) {
  Json body;
  body["response"]["result"] = outcome.accepted;
  body["response"]["reason"] = outcome.reason;
  body["error"] = "";
  body["error_description"] = "";
  if (!outcome.accepted) body["error_code"] = "rejected";
  body["executed"] = to_string(outcome.executed);
  body["authenticated"] = outcome.authenticated;
  add_footer(body, footer);
  return as_json(200, body);
}

http::Reply render(const Failure& failure, const Footer& footer) {
  const auto& row = row_of(failure.kind);
  const bool is_unknown_command = failure.kind == Kind::unknown_command;
  Json body;
  body["response"] = nullptr;
  body["error"] = is_unknown_command ? "invalid_command" : failure.message;
  body["error_description"] = is_unknown_command ? failure.message : "";
  body["error_code"] = row.error_code;
  if (const auto hint = failure.hint_or_default(); !hint.empty()) body["hint"] = hint;
  body["executed"] = to_string(failure.was_executed());
  body["authenticated"] = failure.authenticated;
  add_footer(body, footer);
  auto reply = as_json(row.status, body);
  const int retry_after = failure.retry_after.value_or(row.retry_after);
  if (retry_after > 0) reply.headers.add("Retry-After", std::to_string(retry_after));
  if (failure.kind == Kind::not_authenticated) reply.headers.add("WWW-Authenticate", "Bearer");
  return reply;
}

http::Reply render_document(const nlohmann::ordered_json& document) {
  return as_json(200, document);
}

http::Reply render(const upstream::Delivered& answer, const Footer& footer, const std::optional<Failure>& failure,
                   Executes effect) {
  if (answer.status < 200 || answer.status > 599) {
    Failure malformed{.kind = Kind::upstream_malformed,
                      .message = "Fleet API answered with a status that HTTP does not have"};
    if (effect == Executes::nothing) malformed.executed = protocol::Executed::no;
    return render(malformed, footer);
  }
  http::Reply reply{.status = answer.status, .headers = fields_for_caller(answer.headers), .body = answer.body};
  for (const auto* own : {"Fleetsign-Executed", "Fleetsign-Error-Code", "Fleetsign-Woken",
                          "Fleetsign-Upstream-Requests", "Fleetsign-Warning", "Idempotency-Replayed"}) {
    reply.headers.remove(own);  // these names are ours to use
  }
  if (failure) {
    reply.headers.add("Fleetsign-Executed", std::string(to_string(failure->was_executed())));
    reply.headers.add("Fleetsign-Error-Code", std::string(row_of(failure->kind).error_code));
  }
  if (footer.woken) reply.headers.add("Fleetsign-Woken", *footer.woken ? "true" : "false");
  if (footer.upstream_requests) {
    reply.headers.add("Fleetsign-Upstream-Requests", std::to_string(*footer.upstream_requests));
  }
  return reply;
}

std::optional<protocol::Executed> executed_as_told(const upstream::Delivered& answer) {
  if (answer.status < 200 || answer.status > 299) return std::nullopt;
  const auto body = Json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  const auto result = body.is_object() && body.contains("response") && body["response"].is_object()
                          ? body["response"].value("result", Json())
                          : Json();
  if (!result.is_boolean()) return std::nullopt;
  return result.get<bool>() ? protocol::Executed::yes : protocol::Executed::no;
}

Executes effect_of(std::string_view method) {
  return upstream::is_safe(method) ? Executes::nothing : Executes::something;
}

Verdict render_forwarded(const upstream::Answer& answer, Executes effect, const Footer& footer) {
  const auto* delivered = std::get_if<upstream::Delivered>(&answer);
  if (delivered == nullptr) {
    const auto failure = describe(std::get<upstream::Undelivered>(answer), effect);
    return {render(failure, footer), failure.was_executed()};
  }
  const bool needs_verdict = effect == Executes::something && (delivered->status < 200 || delivered->status > 299);
  if (!needs_verdict) {
    auto reply = render(*delivered, footer, std::nullopt, effect);
    const auto told = effect == Executes::something ? executed_as_told(*delivered) : std::nullopt;
    if (told) reply.headers.add("Fleetsign-Executed", std::string(to_string(*told)));
    return {std::move(reply), told.value_or(protocol::Executed::yes)};
  }
  const auto failure = protocol::read_status({.status = delivered->status, .body = delivered->body});
  return {render(*delivered, footer, failure), failure.was_executed()};
}

http::Reply render_dry_run(const Json& found, const Footer& footer) {
  Json body;
  body["response"] = nullptr;
  body["error"] = "";
  body["error_description"] = "";
  body["dry_run"] = found;
  body["executed"] = to_string(protocol::Executed::no);
  body["upstream_requests"] = 0;
  add_footer(body, footer);
  return as_json(200, body);
}

Failure describe(const upstream::Undelivered& undelivered, Executes executes) {
  auto failure = vehicles::describe(undelivered);
  if (executes == Executes::nothing) failure.executed = protocol::Executed::no;
  return failure;
}

Failure describe(const http::Refusal& refusal) {
  const auto* row = std::ranges::find(kRefusals, refusal.status, &RefusedAs::status);
  const bool is_malformed = row == kRefusals.end();
  return {.kind = is_malformed ? Kind::bad_request : row->kind,
          .message = refusal.reason,
          .hint = is_malformed ? "send a well-formed HTTP/1.1 request" : ""};
}

}  // namespace fleetsign::api
