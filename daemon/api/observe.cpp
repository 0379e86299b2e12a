// SPDX-License-Identifier: Apache-2.0
// What the daemon tells of itself: whether it is ready, what it has done, which sessions it holds.
#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "daemon/api/api.h"
#include "daemon/api/diagnosis/judgements.h"
#include "daemon/api/request.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::ordered_json;

Json describe(const vehicles::LaneState& lane) {
  return {{"vin", lane.vin},
          {"domain", to_string(lane.domain)},
          {"established", lane.established},
          {"counter", lane.counter},
          {"epoch", crypto::to_hex(lane.epoch.bytes)},
          {"replies_encrypted", lane.replies_encrypted},
          {"under_way", lane.inside},
          {"waiting", lane.waiting}};
}

/// The key that is hosted is the next one where there is one.
Json describe(const vehicles::ClientKeys& keys) {
  const auto print = [](const vehicles::ClientKeys::Key& key) { return diagnosis::fingerprint(key->public_pem()); };
  Json described{{"key_file", print(keys.usual())}, {"next_key_file", Json()}, {"next_key_vehicles", keys.moved()}};
  if (keys.next()) described["next_key_file"] = print(keys.next());
  return described;
}

/// Those that have names.
Json describe(const config::Vehicles& vehicles) {
  Json list = Json::array();
  for (const auto& [name, vehicle] : vehicles) {
    list.push_back({{"name", name}, {"vin", vehicle.vin}, {"account", Json()}});
    if (vehicle.account) list.back()["account"] = *vehicle.account;
  }
  return list;
}

Json describe(const ops::AuditState& audit) {
  return {{"file", audit.file}, {"lines", audit.lines}, {"last_seq", audit.end.seq}, {"lost", audit.lost}};
}

Json describe(const http::ListenerFigures& door) {
  return {{"open", door.connections},
          {"refused", door.connections_refused},
          {"workers", door.workers},
          {"workers_busy", door.workers_busy},
          {"requests_queued", door.requests_queued},
          {"requests_refused", door.requests_refused}};
}

/// Of how many vehicles the status shows the cost.
constexpr std::size_t kDearest = 1'000;

Json describe(const upstream::Cost& cost) {
  return {{"requests", cost.requests}, {"unanswered", cost.unanswered}, {"dollars", cost.dollars()}};
}

Json describe(const upstream::VehicleBill& vehicle) {
  Json described{{"vin", vehicle.vehicle}, {"dollars", total_of(vehicle.bill).dollars()}};
  for (const auto category : upstream::kCategories) {
    described[std::string(to_string(category))] = vehicle.bill[category].requests;
  }
  return described;
}

/// As RFC 3339 writes it, in UTC.
std::string to_text(std::int64_t unix_seconds) {
  const std::time_t seconds{unix_seconds};
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%FT%TZ", &utc)};
}

Json describe(const upstream::Ledger& ledger, std::int64_t since) {
  const auto bill = ledger.bill();
  Json described{{"since", to_text(since)},
                 {"currency", "USD"},
                 {"total", describe(total_of(bill))},
                 {"today", describe(total_of(ledger.today()))},
                 {"categories", Json::object()}};
  for (const auto category : upstream::kCategories) {
    described["categories"][std::string(to_string(category))] = describe(bill[category]);
  }
  described["vehicles"] = Json::array();
  for (const auto& vehicle : ledger.dearest(kDearest)) described["vehicles"].push_back(describe(vehicle));
  return described;
}

/// For who may know where the audit is, and how.
std::vector<std::string> details_of(const std::optional<ops::AuditState>& audit) {
  std::vector<std::string> details;
  if (audit && audit->trouble) details.push_back(*audit->trouble);
  if (audit && audit->lost > 0) details.push_back(std::to_string(audit->lost) + " lines of the audit were lost");
  return details;
}

}  // namespace

http::Reply Api::ready(const Context& /*context*/) const {
  const auto reasons = parts_.not_ready();
  auto warnings = parts_.warnings();
  const auto audit = parts_.audit_state();
  if (audit && audit->trouble) warnings.emplace_back("the audit is not written");
  if (!parts_.accounts.warnings().empty())
    warnings.emplace_back("an account needs a login, or its tokens cannot be refreshed");
  if (reasons.empty()) {
    std::string body = "OK";
    for (const auto& warning : warnings) body += "\nwarning: " + warning;
    return {.headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)};
  }
  auto reply = render_document({{"ready", false}, {"reasons", reasons}, {"warnings", warnings}});
  reply.status = 503;
  reply.headers.add("Retry-After", "1");
  return reply;
}

http::Reply Api::metrics(const Context& /*context*/) const {
  return {.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, .body = parts_.metrics.text()};
}

std::vector<std::string> Api::warnings() const {
  auto warnings = parts_.warnings();
  std::ranges::move(details_of(parts_.audit_state()), std::back_inserter(warnings));
  std::ranges::move(parts_.accounts.warnings(), std::back_inserter(warnings));
  return warnings;
}

http::Reply Api::status(const Context& /*context*/) const {
  const auto up = std::chrono::duration_cast<std::chrono::seconds>(parts_.clock() - life_->started);
  const auto reasons = parts_.not_ready();
  const auto audit = parts_.audit_state();
  Json document{{"version", FLEETSIGN_VERSION},
                {"commit", options_.commit},
                {"started", to_text(life_->started_unix)},
                {"uptime_seconds", up.count()},
                {"ready", reasons.empty()},
                {"reasons", reasons},
                {"warnings", warnings()},
                {"requests_in_flight", in_flight()},
                {"connections", describe(parts_.door())},
                {"lanes", parts_.lanes.size()},
                {"sessions", parts_.lanes.tally().established},
                {"keys", describe(parts_.keys)},
                {"vehicles", describe(options_.vehicles)},
                {"idempotency_keys", parts_.idempotency.size()},
                {"fleet_api", parts_.fleet_api.known_base_urls()},
                {"without_protocol", Json::array()},
                {"commands", Json(parts_.metrics.commands_by_outcome())},
                {"executed", Json(parts_.metrics.commands_by_effect())},
                {"replies", Json(parts_.metrics.replies_by_status())},
                {"billing", describe(parts_.ledger, life_->started_unix)},
                {"accounts", parts_.token_desk.all().at("accounts")},
                {"audit", Json()}};
  if (audit) document["audit"] = describe(*audit);
  for (const auto& [vin, until] : parts_.without_protocol.all()) {
    document["without_protocol"].push_back({{"vin", vin}, {"until", until}});
  }
  return render_document(document);
}

http::Reply Api::sessions(const Context& /*context*/) const {
  auto sessions = Json::array();
  for (const auto& lane : parts_.lanes.states()) sessions.push_back(describe(lane));
  return render_document({{"sessions", std::move(sessions)}});
}

http::Reply Api::forget_sessions(const Context& context) const {
  const auto vin = parse_vin(context.captures[0]);
  if (!vin) return render(vin.error(), context.footer);
  const auto forgotten = parts_.lanes.forget(*vin);
  parts_.log.info("sessions_forgotten", {{"vin", ops::ShortVin{*vin}},
                                         {"sessions", forgotten.sessions},
                                         {"durable", forgotten.durable},
                                         {"request_id", ops::Plain{context.footer.request_id}}});
  if (forgotten.durable) return render_document({{"forgotten", forgotten.sessions}});
  return render(protocol::Failure{.kind = protocol::Kind::state_unavailable,
                                  .message = "the sessions are forgotten, but only until the next restart"},
                context.footer);
}

http::Reply Api::forget_protocol(const Context& context) const {
  const auto vin = parse_vin(context.captures[0]);
  if (!vin) return render(vin.error(), context.footer);
  const auto [was_there, durable] = parts_.without_protocol.forget(*vin);
  parts_.log.info("protocol_forgotten", {{"vin", ops::ShortVin{*vin}},
                                         {"was_without", was_there},
                                         {"durable", durable},
                                         {"request_id", ops::Plain{context.footer.request_id}}});
  if (durable) return render_document({{"forgotten", was_there ? 1 : 0}});
  return render(protocol::Failure{.kind = protocol::Kind::state_unavailable,
                                  .message = "it is forgotten, but only until the next restart"},
                context.footer);
}

http::Reply Api::audit(const Context& context) const {
  const auto audit = parts_.audit_state();
  if (!audit) {
    return render(protocol::Failure{.kind = protocol::Kind::not_found,
                                    .message = "this daemon writes no audit",
                                    .hint = "set audit_file in its configuration"},
                  context.footer);
  }
  auto document = describe(*audit);
  document["last_hash"] = crypto::to_hex(audit->end.hash);
  return render_document(document);
}

http::Reply Api::backup(const Context& context) const {
  auto copy = parts_.backup();
  if (!copy) return render(copy.error(), context.footer);
  parts_.log.info("backup", {{"bytes", copy->size()}, {"request_id", ops::Plain{context.footer.request_id}}});
  return {.headers = {{"Content-Type", "application/vnd.sqlite3"}}, .body = *std::move(copy)};
}

}  // namespace fleetsign::api
