// SPDX-License-Identifier: Apache-2.0
// One command through a running daemon.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/entry.h"
#include "daemon/cli/parameters.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/subcommand.h"
#include "daemon/ops/clock.h"
#include "daemon/upstream/fleet_api.h"
#include "protocol/catalogue/catalogue.h"
#include "protocol/failure.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

struct SendOptions {
  std::string vehicle;
  std::string command;
  std::vector<std::string> words;
  bool wake = false;
  bool confirm = false;
  bool as_json = false;
};

/// The body to send.
crypto::Result<std::string, TypingError> body_of(const SendOptions& options) {
  const auto* command = catalogue::find(options.command);
  const bool is_misspelt = command == nullptr && catalogue::suggestion(options.command).has_value();
  const bool is_name =
      std::ranges::all_of(options.command, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  if (is_misspelt || !is_name || options.command.empty()) return unknown_command(options.command);
  const auto typed = read_parameters(command, options.words, {.unix_now = ops::unix_now()});
  if (!typed) return typed.error();
  return typed->body.dump();
}

struct Outcome {
  bool done = false;  ///< the vehicle did it
  std::string words;
  std::string hint = {};
};

std::string hint_where(bool in_doubt) {
  return in_doubt ? std::string(row_of(protocol::Kind::no_reply).hint) : "";
}

/// What Fleet API's own answer says.
Outcome outcome_of_forwarded(const upstream::Delivered& reply, const Json& body) {
  const auto& response = body.is_object() && body.contains("response") ? body.at("response") : Json();
  const bool succeeded = reply.status >= 200 && reply.status < 300;
  const bool is_done =
      response.is_object() && (response.value("result", Json()) == true || response.value("state", Json()) == "online");
  if (succeeded && is_done) return {.done = true, .words = "done, as Fleet API says"};
  std::string words = "Fleet API answered " + std::to_string(reply.status);
  for (const auto& said : {text_in(body, "error"), text_in(response, "reason"), text_in(response, "state")}) {
    if (!said.empty()) words += ": " + said;
  }
  const auto* executed = reply.headers.find("Fleetsign-Executed");
  const bool in_doubt = executed != nullptr && *executed == "unknown";
  return {.words = std::move(words), .hint = hint_where(in_doubt)};
}

/// The daemon's own replies are told from Fleet API's by `executed`.
Outcome outcome_of(const upstream::Delivered& reply) {
  const auto body = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  const std::string executed = text_in(body, "executed");
  if (executed.empty()) return outcome_of_forwarded(reply, body);
  if (executed == "yes") return {.done = true, .words = "the vehicle did it"};
  if (text_in(body, "error_code") == "rejected") {
    return {.words = "the vehicle declined: " + text_in(body.value("response", Json()), "reason"),
            .hint = hint_where(executed == "unknown")};
  }
  if (text_in(body, "error_code") == row_of(protocol::Kind::confirmation_required).error_code) {
    return {.words = text_in(body, "error"), .hint = "if it is meant, repeat it with --confirm"};
  }
  const auto description = text_in(body, "error_description");
  return {.words = description.empty() ? text_in(body, "error") : description, .hint = text_in(body, "hint")};
}

int report(const upstream::Delivered& reply, bool as_json) {
  const auto outcome = outcome_of(reply);
  if (as_json) {
    const int printed = print(reply.body);
    return printed == kDone && !outcome.done ? kFailed : printed;
  }
  if (outcome.done) return print(outcome.words + '\n');
  return fail(kFailed, config::printable(outcome.words), config::printable(outcome.hint));
}

int send(const SendOptions& options, const Wait& wait, const Remote& remote) {
  const auto vehicle = read_vehicle(options.vehicle);
  if (!vehicle) return fail(vehicle.error());
  auto body = body_of(options);
  if (!body) return fail(body.error());
  const auto token = remote.token();
  if (!token) return fail(token.error());

  Remote::Call call{
      .method = "POST",
      .target = upstream::vehicle_path(*vehicle) + "/command/" + options.command + (options.wake ? "?wake=true" : ""),
      .headers = {{"Content-Type", "application/json"}},
      .body = *std::move(body),
      .patience = wait.patience()};
  wait.add_to(call.headers);
  if (options.confirm) call.headers.set("X-Confirm", options.command);
  const auto reply = remote.send(std::move(call), *token);
  if (!reply) return fail(reply.error());
  return report(*reply, options.as_json);
}

}  // namespace

Action prepare_send(CLI::App& options) {
  auto chosen = std::make_shared<SendOptions>();
  options.add_option("vehicle", chosen->vehicle, "The vehicle: its VIN, or its name in the daemon's `vehicles`")
      ->required()
      ->type_name("VIN");
  options.add_option("command", chosen->command, "What it shall do")->required()->type_name("COMMAND");
  options.add_option("parameters", chosen->words, "Parameters of the command, or name:=JSON")->type_name("NAME=VALUE");
  auto wait = std::make_shared<Wait>(options, "How long the command may take");
  options.add_flag("--wake", chosen->wake, "Wake the vehicle when it sleeps, which takes a while: see --wait");
  options.add_flag("--confirm", chosen->confirm,
                   "Say that this command is meant, where the configuration wants it said");
  options.add_flag("--json", chosen->as_json, "Print the daemon's reply as it came, for programs");
  auto remote = std::make_shared<Remote>(options);
  return [=] { return send(*chosen, *wait, *remote); };
}

}  // namespace fleetsign::cli
