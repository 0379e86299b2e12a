// SPDX-License-Identifier: Apache-2.0
// Why a vehicle does not do what it is told, as the running daemon finds out.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "config/entry.h"
#include "daemon/cli/remote.h"
#include "daemon/cli/subcommand.h"

namespace fleetsign::cli {
namespace {

using Json = nlohmann::ordered_json;

struct DoctorOptions {
  std::string vehicle;
  bool as_json = false;
};

struct Mark {
  std::string_view verdict;
  std::string_view text;
};
constexpr std::array kMarks = {Mark{"ok", "ok"}, Mark{"warning", "!"}, Mark{"problem", "x"}, Mark{"skipped", "-"}};

std::string mark_of(const std::string& verdict) {
  const auto* const mark = std::ranges::find(kMarks, verdict, &Mark::verdict);
  std::string text(mark == kMarks.end() ? "?" : mark->text);
  text.resize(4, ' ');
  return text;
}

/// Whether all that is read of it is there: anything may listen at that address.
bool is_diagnosis(const Json& body) {
  const auto is_check = [](const Json& check) {
    return check.is_object() && std::ranges::all_of(std::array{"check", "verdict", "says", "advice"}, [&](auto* name) {
             return check.contains(name) && check.at(name).is_string();
           });
  };
  return body.is_object() && body.contains("healthy") && body.at("healthy").is_boolean() && body.contains("checks") &&
         body.at("checks").is_array() && std::ranges::all_of(body.at("checks"), is_check);
}

std::string in_words(const Json& checks) {
  std::string text;
  for (const auto& check : checks) {
    text += mark_of(text_in(check, "verdict")) + config::printable(text_in(check, "check")) + ": " +
            config::printable(text_in(check, "says")) + '\n';
    if (const auto advice = text_in(check, "advice"); !advice.empty()) {
      text += "      " + config::printable(advice) + '\n';
    }
  }
  return text;
}

int doctor(const DoctorOptions& options, const Wait& wait, const Remote& remote) {
  const auto vehicle = read_vehicle(options.vehicle);
  if (!vehicle) return fail(vehicle.error());
  const auto token = remote.token();
  if (!token) return fail(token.error());
  Remote::Call call{
      .method = "GET", .target = "/fleetsign/v1/vehicles/" + *vehicle + "/diagnosis", .patience = wait.patience()};
  wait.add_to(call.headers);
  const auto reply = remote.send(std::move(call), *token);
  if (!reply) return fail(reply.error());
  const auto body = Json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  if (reply->status != 200 || !is_diagnosis(body)) return fail(refusal_in(*reply));
  const int printed = print(options.as_json ? reply->body : in_words(body.at("checks")));
  return printed == kDone && !body.at("healthy").get<bool>() ? kFailed : printed;
}

}  // namespace

Action prepare_doctor(CLI::App& options) {
  auto chosen = std::make_shared<DoctorOptions>();
  options.add_option("vehicle", chosen->vehicle, "The vehicle: its VIN, or its name in the daemon's `vehicles`")
      ->required()
      ->type_name("VIN");
  auto wait = std::make_shared<Wait>(options, "How long it may take");
  options.add_flag("--json", chosen->as_json, "For programs: the daemon's own words");
  auto remote = std::make_shared<Remote>(options);
  return [=] { return doctor(*chosen, *wait, *remote); };
}

}  // namespace fleetsign::cli
