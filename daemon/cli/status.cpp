// SPDX-License-Identifier: Apache-2.0
// How a running daemon is.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "daemon/cli/remote.h"
#include "daemon/cli/subcommand.h"
#include "daemon/cli/time_text.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kPatience{10};

/// "3 d 4 h", the two largest units.
std::string to_text(std::chrono::seconds up) {
  const auto days = up.count() / 86'400;
  const auto hours = up.count() / 3'600 % 24;
  const auto minutes = up.count() / 60 % 60;
  if (days > 0) return std::to_string(days) + " d " + std::to_string(hours) + " h";
  if (hours > 0) return std::to_string(hours) + " h " + std::to_string(minutes) + " min";
  return std::to_string(minutes) + " min " + std::to_string(up.count() % 60) + " s";
}

bool is_cost(const Json& cost) {
  return cost.is_object() && cost.contains("requests") && cost.at("requests").is_number_unsigned() &&
         cost.contains("dollars") && cost.at("dollars").is_number();
}

bool is_billing(const Json& billing) {
  return billing.contains("total") && is_cost(billing.at("total")) && billing.contains("categories") &&
         billing.at("categories").is_object() && std::ranges::all_of(billing.at("categories"), is_cost);
}

/// "7 for $0.01"
std::string to_text(const Json& cost) {
  return cost.at("requests").dump() + " for $" + cost.at("dollars").dump();
}

/// Whether all that in_words() reads is there: anything may listen at that address.
bool is_status(const Json& body) {
  const auto has = [&](const char* name, bool (Json::*is_kind)() const noexcept) {
    return body.contains(name) && (body.at(name).*is_kind)();
  };
  return body.is_object() && has("version", &Json::is_string) && has("uptime_seconds", &Json::is_number_integer) &&
         has("ready", &Json::is_boolean) && has("reasons", &Json::is_array) &&
         std::ranges::all_of(body.at("reasons"), [](const Json& reason) { return reason.is_string(); }) &&
         has("warnings", &Json::is_array) &&
         std::ranges::all_of(body.at("warnings"), [](const Json& warning) { return warning.is_string(); }) &&
         has("requests_in_flight", &Json::is_number_integer) && has("lanes", &Json::is_number_integer) &&
         has("commands", &Json::is_object) && has("billing", &Json::is_object) && is_billing(body.at("billing"));
}

// An older daemon does not tell what the following are about; then nothing is said of it.

/// A member that is an object; an empty one in the place of anything else.
Json object_in(const Json& body, const char* name) {
  auto found = body.value(name, Json());
  return found.is_object() ? found : Json::object();
}

/// "ok: 3, no_reply: 1"; without those that are zero.
std::string to_list(const Json& counts) {
  std::string list;
  for (const auto& [name, count] : counts.items()) {
    if (count == 0) continue;
    list += (list.empty() ? "" : ", ") + name + ": " + count.dump();
  }
  return list;
}

std::string words_on_build(const Json& status) {
  const auto commit = text_in(status, "commit");
  const auto started = text_in(status, "started");
  return commit.empty() || started.empty() ? "" : "commit: " + commit + "; started: " + started + '\n';
}

std::string words_on_connections(const Json& connections) {
  return connections.empty() ? "" : "connections: " + to_list(connections) + '\n';
}

/// Where a key is being replaced, how far that is.
std::string words_on_keys(const Json& keys) {
  std::string text;
  if (const auto print = text_in(keys, "key_file"); !print.empty()) text = "key: SHA-256 " + print + '\n';
  if (text_in(keys, "next_key_file").empty()) return text;
  const auto& moved = keys.value("next_key_vehicles", Json());
  return text + "the next key signs for " + std::to_string(moved.size()) +
         (moved.size() == 1 ? " vehicle" : " vehicles") + ", key_file for all others\n";
}

std::string words_on_accounts(const Json& accounts) {
  std::string text;
  for (const auto& account : accounts) {
    if (!account.is_object()) continue;
    text += "account " + text_in(account, "name") + " (" + text_in(account, "kind") + "): " + text_in(account, "state");
    const auto expires = account.value("expires", Json());
    if (expires.is_number_integer()) text += ", token until " + time_text(expires.get<std::int64_t>());
    text += '\n';
  }
  return text;
}

std::string words_on_audit(const Json& audit) {
  if (!audit.contains("lines") || !audit.contains("lost")) return {};
  return "audit: " + text_in(audit, "file") + ", " + audit.at("lines").dump() + " lines written, " +
         audit.at("lost").dump() + " lost\n";
}

std::string words_on_costs(const Json& billing) {
  std::string text = "billed requests: " + to_text(billing.at("total"));
  const char* separator = " (";
  for (const auto& [category, cost] : billing.at("categories").items()) {
    if (cost.at("requests") == 0) continue;
    text += std::exchange(separator, "; ") + category + ": " + to_text(cost);
  }
  text += *separator == ';' ? ")\n" : "\n";
  if (const auto today = billing.value("today", Json()); is_cost(today))
    text += "of these today: " + to_text(today) + '\n';
  return text;
}

std::string words_on_commands(const Json& status) {
  if (status.at("commands").empty()) return "no commands yet\n";
  std::string text = "commands:\n";
  for (const auto& [outcome, count] : status.at("commands").items())
    text += "  " + outcome + ": " + count.dump() + '\n';
  const auto executed = to_list(object_in(status, "executed"));
  return executed.empty() ? text : text + "executed: " + executed + '\n';
}

std::string in_words(const Json& status) {
  std::string text = "fleetsign " + status.at("version").get<std::string>() + ", up " +
                     to_text(std::chrono::seconds(status.at("uptime_seconds").get<std::int64_t>())) + ", " +
                     (status.at("ready").get<bool>() ? "ready" : "not ready") + '\n';
  for (const auto& reason : status.at("reasons")) text += "  " + reason.get<std::string>() + '\n';
  for (const auto& warning : status.at("warnings")) text += "  warning: " + warning.get<std::string>() + '\n';
  text += words_on_build(status);
  text += "under way: " + status.at("requests_in_flight").dump() + "; lanes: " + status.at("lanes").dump() + '\n';
  text += words_on_connections(object_in(status, "connections"));
  text += words_on_keys(object_in(status, "keys"));
  text += words_on_accounts(status.value("accounts", Json()));
  text += words_on_audit(object_in(status, "audit"));
  text += words_on_costs(status.at("billing"));
  if (const auto replies = to_list(object_in(status, "replies")); !replies.empty())
    text += "replies: " + replies + '\n';
  return text + words_on_commands(status);
}

int status(const Remote& remote, bool as_json) {
  const auto token = remote.token();
  if (!token) return fail(token.error());
  const auto reply = remote.send({.method = "GET", .target = "/fleetsign/v1/status", .patience = kPatience}, *token);
  if (!reply) return fail(reply.error());
  const auto body = Json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  if (reply->status == 200 && is_status(body)) return print(as_json ? reply->body : in_words(body));
  return fail(refusal_in(*reply));
}

}  // namespace

Action prepare_status(CLI::App& options) {
  auto remote = std::make_shared<Remote>(options);
  auto as_json = std::make_shared<bool>(false);
  options.add_flag("--json", *as_json, "For programs: the daemon's own words");
  return [=] { return status(*remote, *as_json); };
}

}  // namespace fleetsign::cli
