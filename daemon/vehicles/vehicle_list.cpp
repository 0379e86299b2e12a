// SPDX-License-Identifier: Apache-2.0
#include "daemon/vehicles/vehicle_list.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "crypto/bytes.h"
#include "crypto/digest.h"
#include "daemon/vehicles/answers.h"
#include "protocol/answer.h"
#include "protocol/vin.h"

namespace fleetsign::vehicles {
namespace {

using Json = nlohmann::json;
using protocol::Executed;
using protocol::Failure;
using protocol::Kind;

Failure unknown_id() {
  return {.kind = Kind::not_found,
          .message = "this account has no vehicle with that id",
          .hint = "GET /api/1/vehicles lists the id and the vin of each"};
}

Failure malformed() {
  return {.kind = Kind::upstream_malformed,
          .message = "Fleet API's list of vehicles cannot be read",
          .hint = "name the vehicle by its VIN",
          .executed = Executed::no};
}

/// By what a token's list is found.
std::string name_of(const upstream::Bearer& token) {
  return crypto::to_hex(crypto::sha256({crypto::as_bytes(token.expose())}));
}

}  // namespace

/// One page of a list, or why there is none.
struct VehicleList::Page {
  std::optional<Failure> failure = {};
  std::optional<upstream::Delivered> answer = {};  ///< for Kind::upstream_error
  VinsById vins = {};
  bool is_last = true;
  int requests = 0;

  /// False when it is no such page.
  bool read(const std::string& body) {
    const auto json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("response") || !json["response"].is_array()) return false;
    for (const auto& vehicle : json["response"]) {
      if (!vehicle.is_object()) return false;
      const auto id = vehicle.value("id", Json());
      const auto text = vehicle.value("vin", Json());
      auto vin = text.is_string() ? protocol::read_vin(text.get_ref<const std::string&>()) : std::nullopt;
      if (!id.is_number_unsigned() || !vin) continue;  // an entry that no command could go to
      vins.insert_or_assign(id.dump(), *std::move(vin));
    }
    const Json::json_pointer next("/pagination/next");
    is_last = !json.contains(next) || json.at(next).is_null();
    return true;
  }
};

Finding VehicleList::find(const std::string& id, const upstream::Bearer& token, const Patience& patience) {
  const auto caller = name_of(token);
  if (auto known = recall(caller, id)) return *std::move(known);

  VinsById vins;
  int requests = 0;
  for (int number = 1; number <= kPages; ++number) {
    auto page = read_page(number, token, patience);
    requests += page.requests;
    if (page.failure) {
      return {
          .vin = *std::move(page.failure), .fleet_api_answer = std::move(page.answer), .upstream_requests = requests};
    }
    vins.merge(page.vins);
    if (page.is_last) break;
  }
  const auto found = vins.find(id);
  Finding finding{.vin = unknown_id(), .upstream_requests = requests};
  if (found != vins.end()) finding.vin = found->second;
  const std::lock_guard lock(mutex_);
  known_[caller] = {.vins = std::move(vins), .read = clock_()};
  return finding;
}

std::optional<std::string> VehicleList::known(const std::string& id, const upstream::Bearer& token) {
  const auto finding = recall(name_of(token), id);
  return finding && finding->vin ? std::optional(*finding->vin) : std::nullopt;
}

std::optional<Finding> VehicleList::recall(const std::string& caller, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto* known = known_.find(caller);
  if (known == nullptr) return std::nullopt;
  const auto age = clock_() - known->read;
  const auto found = known->vins.find(id);
  if (found != known->vins.end() && age < kKept) return Finding{.vin = found->second};
  if (found == known->vins.end() && age < kMissKept) return Finding{.vin = unknown_id()};
  return std::nullopt;
}

VehicleList::Page VehicleList::read_page(int number, const upstream::Bearer& token, const Patience& patience) const {
  if (patience.caller_gone())
    return {.failure = Failure{.kind = Kind::expired_unsent, .message = "the caller has gone"}};
  auto answer = fleet_api_.send({.method = "GET",
                                 .target = "/api/1/vehicles?page=" + std::to_string(number),
                                 .headers = {{"Accept", "*/*"}},
                                 .deadline = patience.deadline},
                                token);
  Page page{.requests = upstream::requests_made(answer)};
  auto* delivered = std::get_if<upstream::Delivered>(&answer);
  if (delivered == nullptr) {
    page.failure = describe(std::get<upstream::Undelivered>(answer));
    page.failure->message.insert(0, "looking for the vehicle: ");
    page.failure->executed = Executed::no;
  } else if (delivered->status != 200) {
    page.failure = protocol::read_status({.status = delivered->status, .body = delivered->body});
    page.failure->executed = Executed::no;
    page.answer = std::move(*delivered);
  } else if (!page.read(delivered->body)) {
    page.failure = malformed();
  }
  return page;
}

}  // namespace fleetsign::vehicles
