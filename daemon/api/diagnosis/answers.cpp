// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/diagnosis/answers.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "daemon/api/reply.h"
#include "protocol/text.h"

namespace fleetsign::diagnosis {
namespace {

using nlohmann::json;
using protocol::Kind;
using protocol::Phrase;

struct StatusRow {
  int first;
  int last;
  std::string_view says;
  std::string_view advice;
  bool is_final;
  std::optional<Phrase> phrase = {};  ///< only for a body with these words
};

constexpr std::string_view kTryLater = "try again later";

// fleet_api.md, section D.2. The first row that fits counts.
constexpr std::array kStatuses = {
    StatusRow{401, 401, "mobile access is switched off in the vehicle",
              "a person must switch it on at the vehicle's screen", true, Phrase::mobile_access_off},
    StatusRow{401, 401, "Fleet API refuses the token",
              "get a new one with its refresh token, or have the owner sign in again", true},
    StatusRow{402, 402, "the account has no way to pay, or its billing limit is reached",
              "look at the billing of the app at developer.tesla.com", true},
    StatusRow{403, 403, "Fleet API does not allow it: a scope is missing, or the app or account is disabled",
              "have the owner sign in again and grant vehicle_device_data and vehicle_cmds", false},
    StatusRow{404, 404, "Fleet API shows no such vehicle to this token",
              "check the VIN, and whether the account of the token may use this vehicle", false},
    StatusRow{412, 412, "the app is not registered in this region",
              "register its domain there: POST /api/1/partner_accounts with a partner token", true},
    StatusRow{421, 421, "the account belongs to another region",
              "set `fleet_api.region`, or remove `fleet_api.base_url` so that the token decides", true},
    StatusRow{422, 422, "the vehicle takes no signed commands", "it is too old for them, or its firmware is", true,
              Phrase::no_protocol},
    StatusRow{423, 423, "the account is locked", "only Tesla can unlock it: ask its support", true},
    StatusRow{429, 429, "Fleet API has had too many requests for this vehicle or account", kTryLater, true},
    StatusRow{451, 451, "Fleet API may not tell of this vehicle here, often as the region is wrong",
              "check the region of the account, and its privacy settings", true},
    StatusRow{500, 599, "Fleet API has trouble of its own", kTryLater, true},
    StatusRow{100, 999, "Fleet API gave no usual answer", kTryLater, false},
};

/// Failures of a command that another domain of the vehicle would meet, too.
constexpr std::array kOfWholeVehicle = {Kind::key_not_paired, Kind::vehicle_unavailable, Kind::unreachable,
                                        Kind::shutting_down};

Trouble unreadable() {
  return {.finding = {.verdict = Verdict::problem,
                      .says = "Fleet API's answer is not what it should be",
                      .advice = "look whether `fleet_api.base_url` leads to Fleet API"}};
}

/// The member `response` of a success, or what is wrong with the answer.
crypto::Result<json, Trouble> response_in(const upstream::Answer& answer) {
  if (const auto* undelivered = std::get_if<upstream::Undelivered>(&answer)) {
    const auto failure = api::describe(*undelivered, api::Executes::nothing);
    return Trouble{.finding = {.verdict = Verdict::problem,
                               .says = failure.message,
                               .advice = std::string(failure.hint_or_default())},
                   .is_final = true};
  }
  const auto& delivered = std::get<upstream::Delivered>(answer);
  if (delivered.status != 200) return trouble_of_status(delivered.status, delivered.body);
  const auto body = json::parse(delivered.body, nullptr, /*allow_exceptions=*/false);
  const auto response = body.is_object() ? body.find("response") : body.end();
  if (response == body.end() || !response->is_object()) return unreadable();
  return *response;
}

/// A text member; empty when there is none.
std::string text_in(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

bool lists(const json& object, const char* name, std::string_view vin) {
  const auto list = object.find(name);
  return list != object.end() && list->is_array() && std::ranges::find(*list, json(vin)) != list->end();
}

FleetStatus::Pairing pairing_in(const json& response, std::string_view vin) {
  if (lists(response, "key_paired_vins", vin)) return FleetStatus::Pairing::paired;
  if (lists(response, "unpaired_vins", vin)) return FleetStatus::Pairing::unpaired;
  return FleetStatus::Pairing::unknown;
}

/// What vehicle_info has of the vehicle; an empty object when there is nothing.
json info_in(const json& response, std::string_view vin) {
  const auto all = response.find("vehicle_info");
  if (all == response.end() || !all->is_object()) return json::object();
  const auto info = all->find(vin);
  return info != all->end() && info->is_object() ? *info : json::object();
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  constexpr std::array<std::string_view, 4> kNames = {"ok", "warning", "problem", "skipped"};
  return kNames[static_cast<std::size_t>(verdict)];
}

crypto::Result<VehicleFacts, Trouble> read_vehicle(const upstream::Answer& answer) {
  const auto response = response_in(answer);
  if (!response) return response.error();
  VehicleFacts facts{.state = text_in(*response, "state"), .access_type = text_in(*response, "access_type")};
  if (facts.state.empty()) return unreadable();
  const auto in_service = response->find("in_service");
  facts.in_service = in_service != response->end() && *in_service == true;
  return facts;
}

crypto::Result<FleetStatus, Trouble> read_fleet_status(const upstream::Answer& answer, std::string_view vin) {
  const auto response = response_in(answer);
  if (!response) return response.error();
  const auto info = info_in(*response, vin);
  FleetStatus status{.pairing = pairing_in(*response, vin), .firmware = text_in(info, "firmware_version")};
  const auto required = info.find("vehicle_command_protocol_required");
  if (required != info.end() && required->is_boolean()) status.protocol_required = required->get<bool>();
  const auto keys = info.find("total_number_of_keys");
  if (keys != info.end() && keys->is_number_integer()) status.keys = keys->get<std::int64_t>();
  return status;
}

Trouble trouble_of_status(int status, std::string_view body) {
  const auto* const row = std::ranges::find_if(kStatuses, [&](const StatusRow& candidate) {
    return candidate.first <= status && status <= candidate.last &&
           (!candidate.phrase || protocol::says(body, *candidate.phrase));
  });
  const auto& [first, last, says, advice, is_final, phrase] = row == kStatuses.end() ? kStatuses.back() : *row;
  return {.finding = {.verdict = Verdict::problem,
                      .says = std::string(says) + " (status " + std::to_string(status) + ")",
                      .advice = std::string(advice)},
          .is_final = is_final};
}

Trouble trouble_of_command(const protocol::Failure& failure, const std::string& advice) {
  const bool is_unpaired = failure.kind == Kind::key_not_paired;
  return {
      .finding = {.verdict = Verdict::problem,
                  .says = failure.message,
                  .advice = is_unpaired ? advice : std::string(failure.hint_or_default())},
      .is_final = std::ranges::find(kOfWholeVehicle, failure.kind) != kOfWholeVehicle.end(),
  };
}

std::string pairing_advice(const std::string& domain, vehicles::KeyStage stage) {
  auto advice = domain.empty()
                    ? "set `domain` to the one that is registered with Tesla, and open "
                      "https://tesla.com/_ak/DOMAIN on the owner's phone"
                    : "open https://tesla.com/_ak/" + domain + " on the owner's phone, which has the Tesla app";
  if (stage == vehicles::KeyStage::waiting) {
    advice += "; that pairs the key of next_key_file, so add the vehicle to `next_key_vehicles` then";
  }
  if (stage == vehicles::KeyStage::moved) {
    advice += "; until it is paired with the key of next_key_file, take the vehicle out of `next_key_vehicles`";
  }
  return advice;
}

std::optional<std::int64_t> parse_http_date(const std::string& text) {
  std::tm parts{};
  // In the C locale, which this process never leaves.
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return std::int64_t{timegm(&parts)};
}

}  // namespace fleetsign::diagnosis
