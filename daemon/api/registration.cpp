// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/registration.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "crypto/bytes.h"
#include "daemon/api/request.h"

namespace fleetsign::api {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kRegister = "/api/1/partner_accounts";
constexpr std::string_view kLookUp = "/api/1/partner_accounts/public_key";

std::string text_in(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

/// Fleet API writes it as 130 hexadecimal digits.
std::optional<crypto::PublicPoint> read_point(const std::string& text) {
  const auto bytes = crypto::parse_hex(text);
  crypto::PublicPoint point{};
  if (!bytes || bytes->size() != point.size()) return std::nullopt;
  std::ranges::copy(*bytes, point.begin());
  return point;
}

/// Of which domain a reply speaks; empty when of none.
std::string domain_of(const http::Request& request, const Json& response) {
  if (request.method == "GET" && request.path == kLookUp) return parameter_in(request.query, "domain").value_or("");
  return request.method == "POST" && request.path == kRegister ? text_in(response, "domain") : std::string();
}

}  // namespace

Registration::Registration(std::string domain, const crypto::PublicPoint& ours, state::PartnerKeys& keys, ops::Log& log)
    : domain_(std::move(domain)),
      ours_(ours),
      keys_(keys),
      log_(log),
      registered_(domain_.empty() ? std::nullopt : keys.find(domain_)) {}

void Registration::watch(const http::Request& request, const http::Reply& reply) {
  if (domain_.empty() || reply.status != 200) return;
  const auto body = Json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  const auto response = body.is_object() ? body.value("response", Json()) : Json();
  if (!response.is_object() || domain_of(request, response) != domain_) return;
  if (const auto point = read_point(text_in(response, "public_key"))) learn(*point);
}

void Registration::learn(const crypto::PublicPoint& point) {
  {
    const std::lock_guard lock(mutex_);
    if (registered_ == point) return;
    registered_ = point;
  }
  const bool is_kept = keys_.keep(domain_, point);
  log_.info("partner_key", {{"domain", ops::Plain{domain_}}, {"is_ours", point == ours_}, {"kept", is_kept}});
  if (const auto what = warning()) log_.warning("partner_key_differs", {{"what", ops::Plain{*what}}});
}

std::optional<std::string> Registration::warning() const {
  const std::lock_guard lock(mutex_);
  if (!registered_ || *registered_ == ours_) return std::nullopt;
  return "Fleet API has another public key for " + domain_ +
         " than ours: vehicles will refuse the telemetry configurations that are signed here; "
         "POST /api/1/partner_accounts has it read the key again";
}

}  // namespace fleetsign::api
