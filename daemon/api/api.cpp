// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/api.h"

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/access/requests.h"
#include "daemon/api/audit.h"
#include "daemon/api/openapi.h"
#include "daemon/api/path_rules.h"
#include "daemon/api/request.h"
#include "protocol/catalogue/document.h"
#include "protocol/vin.h"

namespace fleetsign::api {
namespace {

using protocol::Failure;
using protocol::Kind;

/// Whom a path is for. Callers have a credential, and are no page of a foreign web site. Owners may write the admin
/// socket, as its file's mode lets nobody else.
enum class Audience { everyone, callers, owners };

/// Answered by us, with Allow, where a path does not take it: it needs no credential, and tells nothing else.
constexpr std::string_view kOptions = "OPTIONS";

constexpr std::string_view kTelemetryBody = R"({
  "type": "object",
  "required": ["vins", "config"],
  "properties": {
    "vins": {"type": "array", "minItems": 1, "items": {"type": "string"}},
    "config": {"type": "object", "description": "As Fleet API takes it; `iss` and `aud` are set anew"}}})";

http::Reply text(std::string body) {
  return {.headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)};
}

std::string joined(const std::vector<std::string_view>& methods) {
  std::string list;
  for (const auto method : methods) list += (list.empty() ? "" : ", ") + std::string(method);
  return list;
}

/// Of a caller whom we know, and for whom nothing can be asked of Fleet API.
Failure without_account() {
  return {.kind = Kind::not_authenticated,
          .message = "this caller has no account that it could use",
          .hint =
              "send a Tesla token in `Authorization: Bearer TOKEN`, or give the caller's entry in `callers`, or the "
              "vehicle's in `vehicles`, an `account`"};
}

bool is_express(std::string_view path) {
  return std::ranges::find(kExpressPaths, path) != kExpressPaths.end();
}

}  // namespace

struct Api::Route {
  std::vector<std::string_view> methods;
  std::string_view pattern;
  http::Reply (Api::*handler)(const Context&) const;
  RouteText text = {};
  Audience audience = Audience::callers;
  std::vector<config::Serve> also_served = {};  ///< where, beside the endpoints that serve all
  http::BodyLimit body = http::BodyLimit::usual;

  [[nodiscard]] bool takes(std::string_view method) const {
    return std::ranges::find(methods, method) != methods.end();
  }
  [[nodiscard]] bool is_command() const {
    return handler == &Api::command || handler == &Api::action || handler == &Api::telemetry_config;
  }
  /// Whether it is answered with what Fleet API says to the caller's token.
  [[nodiscard]] bool goes_upstream() const {
    return is_command() || handler == &Api::partner_account || handler == &Api::pass_through ||
           handler == &Api::diagnose;
  }
  /// Null where nothing is audited.
  [[nodiscard]] Auditing auditing() const {
    if (handler == &Api::command) return audit_command;
    if (handler == &Api::action) return audit_action;
    if (handler == &Api::telemetry_config) return audit_telemetry;
    return handler == &Api::partner_account || handler == &Api::pass_through ? audit_passage : nullptr;
  }
  [[nodiscard]] bool is_served(config::Serve at) const {
    if (audience == Audience::owners) return at == config::Serve::admin;
    return at == config::Serve::all || std::ranges::find(also_served, at) != also_served.end();
  }
};

/// The first pattern that a path fits decides.
std::vector<Api::Route> Api::make_routes() {
  using config::Serve;
  const std::vector<std::string_view> reads = {"GET", "HEAD"};
  const std::vector<std::string_view> any = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return {
      {reads,
       "/health",
       &Api::health,
       {"health", "Whether the daemon is alive", "text/plain"},
       Audience::everyone,
       {Serve::metrics, Serve::admin}},
      {reads,
       "/ready",
       &Api::ready,
       {"ready", "Whether the daemon is ready", "text/plain"},
       Audience::everyone,
       {Serve::metrics}},
      {reads,
       "/.well-known/appspecific/com.tesla.3p.public-key.pem",
       &Api::public_key,
       {"public_key", "Our public key", "application/x-pem-file"},
       Audience::everyone,
       {Serve::public_key}},
      {reads,
       "/metrics",
       &Api::metrics,
       {"metrics", "Figures for Prometheus", "text/plain"},
       Audience::callers,
       {Serve::metrics}},
      {reads, "/openapi.json", &Api::openapi, {"openapi", "This document"}},
      {reads, "/fleetsign/v1/commands", &Api::commands, {"commands", "Every vehicle command and its parameters"}},
      {reads, "/fleetsign/v1/sessions", &Api::sessions, {"sessions", "The sessions with vehicles"}},
      {reads, "/fleetsign/v1/status", &Api::status, {"status", "How the daemon is, and what it has done"}},
      {{"POST"},
       "/fleetsign/v1/vehicles/{vin}/action",
       &Api::action,
       {"action", "Send any message to a vehicle, as protobuf JSON; where the configuration allows it",
        "application/json", R"({"type": "object"})"}},
      {{"DELETE"},
       "/fleetsign/v1/vehicles/{vin}/sessions",
       &Api::forget_sessions,
       {"forget_sessions", "Forget a vehicle's sessions and keys"}},
      {{"DELETE"},
       "/fleetsign/v1/vehicles/{vin}/protocol",
       &Api::forget_protocol,
       {"forget_protocol", "Forget that a vehicle does not speak the protocol, so that its next command is signed"}},
      {{"GET"},
       "/fleetsign/v1/vehicles/{vin}/diagnosis",
       &Api::diagnose,
       {"diagnosis", "Find out why a vehicle does not do what it is told; it is not woken for this"}},
      {{"GET"}, "/admin/v1/audit", &Api::audit, {}, Audience::owners},
      {{"POST"}, "/admin/v1/backup", &Api::backup, {}, Audience::owners},
      {{"POST"}, "/admin/v1/reload", &Api::reload, {}, Audience::owners},
      {{"GET", "POST"}, "/admin/v1/clients", &Api::list_or_add_clients, {}, Audience::owners},
      {{"DELETE"}, "/admin/v1/clients/{name}", &Api::revoke_client, {}, Audience::owners},
      {{"GET"}, "/admin/v1/accounts", &Api::list_accounts, {}, Audience::owners},
      {{"PUT", "DELETE"}, "/admin/v1/accounts/{name}", &Api::store_or_forget_tokens, {}, Audience::owners},
      {{"POST", "PUT", "DELETE"}, "/admin/v1/accounts/{name}/revocation", &Api::revoke_tokens, {}, Audience::owners},
      {{"POST"}, "/api/1/vehicles/{vin}/command/{name}", &Api::command},
      {{"POST"},
       "/api/1/vehicles/fleet_telemetry_config",
       &Api::telemetry_config,
       {"telemetry_config", "Sign a telemetry configuration and have Fleet API hand it to vehicles", "application/json",
        kTelemetryBody}},
      {any, "/api/1/partner_accounts", &Api::partner_account},
      {any, "/api/1/partner_accounts/public_key", &Api::partner_account},
      {any, "/api/1/*", &Api::pass_through, {}, Audience::callers, {}, http::BodyLimit::streamed},
  };
}

const std::vector<Api::Route>& Api::routes() {
  static const std::vector<Route> kRoutes = make_routes();
  return kRoutes;
}

http::Reply Api::handle(const http::Request& received) const {
  const auto resolved = with_vin(received, options_.vehicles);
  const auto& request = resolved ? *resolved : received;
  Context context{.request = request,
                  .captures = {},
                  .caller = {},
                  .footer = {.request_id = request_id_of(request)},
                  .deadline = {},
                  .admission = {},
                  .started = parts_.clock()};
  http::Reply reply;
  const bool is_done = survives(context, [&] {
    context.deadline = deadline_of(request);
    reply = dispatch(context);
  });
  if (!is_done) {
    context.footer.upstream_requests.reset();  // nobody knows how many there were
    reply = render(Failure{.kind = Kind::internal, .message = "an internal error"}, context.footer);
  }
  reply.headers.set("X-Request-Id", context.footer.request_id);
  // What was done stays done, and its caller is told so, whether it gets its line or not.
  if (context.audited) static_cast<void>(survives(context, [&] { end_audit(context, reply); }));
  parts_.metrics.count_reply(reply.status);
  return reply;
}

bool Api::survives(const Context& context, const std::function<void()>& work) const {
  // The one place that catches: whatever throws below is broken machinery, and costs this request only.
  try {
    work();
    return true;
  } catch (const std::exception& error) {
    parts_.log.error("internal_error",
                     {{"what", ops::Plain{error.what()}}, {"request_id", ops::Plain{context.footer.request_id}}});
    return false;
  }
}

std::unique_ptr<ops::AuditEntry> Api::begin_audit(const Route& route, const Context& context) const {
  const auto auditing = route.auditing();
  if (!parts_.audit || auditing == nullptr) return nullptr;
  auto entry = auditing(context.captures, context.request);
  if (!entry) return nullptr;
  entry->caller = context.caller.name;
  entry->request_id = context.footer.request_id;
  return std::make_unique<ops::AuditEntry>(*std::move(entry));
}

void Api::end_audit(Context& context, const http::Reply& reply) const {
  add_verdict(*context.audited, reply);
  context.audited->took = std::chrono::duration_cast<std::chrono::milliseconds>(took_so_far(context, {}, {}).all);
  parts_.audit(std::move(*context.audited));
}

const Api::Route* Api::find_route(const http::Request& request, Captures& captures) const {
  const auto serve = options_.endpoints.at(request.endpoint);
  for (const Route& route : routes()) {
    if (route.is_served(serve) && matches(route.pattern, request.path, captures)) return &route;
  }
  return nullptr;
}

http::BodyLimit Api::body_limit(const http::Request& head) const {
  Captures captures;
  const Route* route = find_route(head, captures);
  return route == nullptr ? http::BodyLimit::usual : route->body;
}

http::Reply Api::dispatch(Context& context) const {
  if (const auto refusal = refuse_path(context.request.path)) return render(*refusal, context.footer);
  if (const Route* route = find_route(context.request, context.captures)) return answer(*route, context);
  const bool serves_all = options_.endpoints.at(context.request.endpoint) == config::Serve::all;
  return render(Failure{.kind = Kind::not_found,
                        .message = "there is nothing at this path",
                        .hint = serves_all ? "" : "this address serves a few paths only"},
                context.footer);
}

http::Reply Api::answer(const Route& route, Context& context) const {
  if (route.is_command()) context.footer.upstream_requests = 0;  // of one that is refused before anything is sent
  if (route.audience == Audience::callers) {
    if (auto refusal = access::refuse_foreign(context.request, options_.hosts)) return render(*refusal, context.footer);
    const auto& door = options_.doors.at(context.request.endpoint);
    if (auto refusal = access::refuse_forwarded(context.request, door)) return render(*refusal, context.footer);
  }
  if (!route.takes(context.request.method)) {
    const auto allowed = joined(route.methods);
    auto reply =
        context.request.method == kOptions
            ? http::Reply{.status = 204}
            : render(Failure{.kind = Kind::method_not_allowed, .message = "this path takes " + allowed + " only"},
                     context.footer);
    reply.headers.add("Allow", route.takes(kOptions) ? allowed : allowed + ", " + std::string(kOptions));
    return reply;
  }
  if (route.audience == Audience::callers) {
    auto caller = parts_.callers.identify(context.request, options_.doors.at(context.request.endpoint));
    if (!caller) return render(caller.error(), context.footer);
    context.caller = *std::move(caller);
    context.audited = begin_audit(route, context);
    auto reply = answer_known(route, context);
    if (!route.is_command() || context.is_recorded) return reply;
    // As with the audit: what was done stays done.
    static_cast<void>(survives(context, [&] {
      if (auto asked = route.auditing()(context.captures, context.request))
        record_other(context, *std::move(asked), reply);
    }));
    return reply;
  }
  return (this->*route.handler)(context);
}

std::optional<Failure> Api::lend_token(const Route& route, Context& context) const {
  if (!route.goes_upstream() || context.caller.token) return std::nullopt;
  const auto account = account_for(context);
  if (account.empty()) return without_account();
  const auto since = parts_.clock();
  auto token = parts_.accounts.token_of(account, context.deadline);
  context.waited += parts_.clock() - since;
  if (!token) return token.error();
  context.caller.token = *std::move(token);
  return std::nullopt;
}

http::Reply Api::answer_known(const Route& route, Context& context) const {
  if (auto refusal = refuse_action(context)) return render(*refusal, context.footer);
  auto vehicles = vehicles_in_path(context);
  const auto has_ids = [&] { return std::ranges::any_of(vehicles, &protocol::is_fleet_api_id); };
  const bool names_ids = has_ids();
  if (!names_ids) {
    // Before anything waits for a token.
    if (const auto refusal = refuse_vehicles(context, vehicles)) return render(*refusal, context.footer);
  }
  const auto without_token = lend_token(route, context);
  if (names_ids) {
    // Whose number is which VIN can be told with a token only. A command's vehicle is looked up first, where it is not
    // named by its VIN; in other paths, its VIN must be known.
    vehicles = vehicles_in_path(context);
    const bool is_located_later = (route.handler == &Api::command || without_token) && has_ids();
    if (!is_located_later) {
      if (const auto refusal = refuse_vehicles(context, vehicles)) return render(*refusal, context.footer);
    }
  }
  // Who watches the daemon gets an answer at any time, and for nothing.
  if (is_express(route.pattern)) return (this->*route.handler)(context);
  if (without_token) return render(*without_token, context.footer);
  const auto expected = route.handler == &Api::diagnose ? parts_.ledger.prices().commands : expected_cost(context);
  auto admission = parts_.allowance.admit(context.caller.entry, expected);
  if (!admission) return render(admission.error(), context.footer);
  context.admission = std::make_unique<access::Allowance::Admission>(*std::move(admission));
  return (this->*route.handler)(context);
}

protocol::Instant Api::deadline_of(const http::Request& request) const {
  const auto wait = preferred_wait(request);
  const std::chrono::milliseconds wanted = wait ? std::max(*wait, config::kShortestTimeout) : options_.timeout;
  return parts_.clock() - request.age + std::min(wanted, options_.timeout_max);
}

http::Reply Api::health(const Context& /*context*/) const {
  return text("OK");
}

http::Reply Api::public_key(const Context& /*context*/) const {
  return {.headers = {{"Content-Type", "application/x-pem-file"}}, .body = options_.public_pem};
}

http::Reply Api::commands(const Context& /*context*/) const {
  static const http::Reply kReply = render_document(catalogue::describe());
  return kReply;
}

http::Reply Api::openapi(const Context& /*context*/) const {
  static const std::string kText = openapi_text(documented_routes());
  return {.headers = {{"Content-Type", "application/json"}}, .body = kText};
}

std::vector<DocumentedRoute> Api::documented_routes() {
  std::vector<DocumentedRoute> documented;
  for (const Route& route : routes()) {
    if (route.text.id.empty()) continue;
    documented.push_back({.method = route.methods.front(),
                          .pattern = route.pattern,
                          .text = route.text,
                          .needs_caller = route.audience == Audience::callers});
  }
  return documented;
}

http::Reply Api::refuse(int status, const std::string& reason) {
  const std::string request_id = request_id_of({});
  auto reply = render(describe(http::Refusal{status, reason}), {.request_id = request_id});
  reply.headers.set("X-Request-Id", request_id);
  reply.status = status;
  return reply;
}

}  // namespace fleetsign::api
