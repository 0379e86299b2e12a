// SPDX-License-Identifier: Apache-2.0
#include "simulator/oauth_control.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "crypto/bytes.h"

namespace fleetsign::simulator {
namespace {

using std::chrono::seconds;

/// All that can be set, read as one so that a bad member changes nothing.
struct Settings {
  bool enforce = false;
  bool require_registration = false;
  bool login_ends_earlier = false;
  std::uint32_t requests_per_second = 0;
  Lifetimes lifetimes;
};

Settings settings_of(const Authority& authority) {
  return {.enforce = authority.require_tokens,
          .require_registration = authority.require_registration,
          .login_ends_earlier = authority.tokens.ends_earlier(),
          .requests_per_second = authority.requests_per_second,
          .lifetimes = authority.tokens.lifetimes()};
}

void apply(const Settings& settings, Authority& authority) {
  authority.require_tokens = settings.enforce;
  authority.require_registration = settings.require_registration;
  authority.requests_per_second = settings.requests_per_second;
  authority.tokens.set_ends_earlier(settings.login_ends_earlier);
  authority.tokens.set_lifetimes(settings.lifetimes);
}

constexpr std::int64_t kLongestLife = 10L * 365 * 24 * 3'600;
constexpr std::int64_t kMostRequests = 1'000'000;

std::optional<std::int64_t> number_in(const Json& value, std::int64_t least, std::int64_t most) {
  if (!value.is_number_integer() || value < least || value > most) return std::nullopt;
  return value.get<std::int64_t>();
}

/// Each of these reads one member, and says whether it is of the right kind.
template <bool Settings::*flag>
bool read_flag(const Json& value, Settings& settings) {
  if (!value.is_boolean()) return false;
  settings.*flag = value.get<bool>();
  return true;
}

template <seconds Lifetimes::*life>
bool read_life(const Json& value, Settings& settings) {
  const auto number = number_in(value, 0, kLongestLife);
  if (number) settings.lifetimes.*life = seconds(*number);
  return number.has_value();
}

bool read_rate(const Json& value, Settings& settings) {
  const auto number = number_in(value, 1, kMostRequests);
  if (number) settings.requests_per_second = static_cast<std::uint32_t>(*number);
  return number.has_value();
}

struct Member {
  std::string_view name;
  bool (*read)(const Json&, Settings&);
  std::string_view kind;
};

constexpr std::string_view kFlag = "true or false";
constexpr std::string_view kSeconds = "seconds, from 0 to 315360000";

constexpr Member kMembers[] = {
    {"enforce", read_flag<&Settings::enforce>, kFlag},
    {"require_registration", read_flag<&Settings::require_registration>, kFlag},
    {"login_ends_earlier", read_flag<&Settings::login_ends_earlier>, kFlag},
    {"requests_per_second", read_rate, "a number from 1 to 1000000"},
    {"access_seconds", read_life<&Lifetimes::access>, kSeconds},
    {"refresh_seconds", read_life<&Lifetimes::refresh>, kSeconds},
    {"reuse_seconds", read_life<&Lifetimes::reuse>, kSeconds},
};

http::Reply bad_request(const std::string& problem) {
  return json_reply(400, {{"error", problem}});
}

/// The type of the body does not matter here: it is typed by hand.
Json body_of(const http::Request& request) {
  return Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
}

std::string read_settings(const Json& body, Settings& settings) {
  if (!body.is_object()) return "the body must be a JSON object";
  for (const auto& [name, value] : body.items()) {
    const auto* const member = std::find_if(std::begin(kMembers), std::end(kMembers),
                                            [&key = name](const Member& candidate) { return candidate.name == key; });
    if (member == std::end(kMembers)) {
      std::string names;
      for (const auto& row : kMembers) names += (names.empty() ? "" : ", ") + std::string(row.name);
      return "no such member: \"" + name + "\"; there are: " + names;
    }
    if (!member->read(value, settings)) return '"' + name + "\" must be " + std::string(member->kind);
  }
  return "";
}

/// A key as Fleet API writes it, in hexadecimal, or null for none.
std::optional<std::optional<crypto::PublicPoint>> read_key(const Json& value) {
  if (value.is_null()) return std::optional<crypto::PublicPoint>();
  const auto bytes = value.is_string() ? crypto::parse_hex(value.get_ref<const std::string&>()) : std::nullopt;
  crypto::PublicPoint point{};
  if (!bytes || bytes->size() != point.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), point.begin());
  return std::optional(point);
}

}  // namespace

http::Reply show_oauth(Garage& garage, const http::Request&) {
  const auto& authority = garage.authority();
  const auto settings = settings_of(authority);
  return json_reply(200, {{"enforce", settings.enforce},
                          {"require_registration", settings.require_registration},
                          {"login_ends_earlier", settings.login_ends_earlier},
                          {"requests_per_second", settings.requests_per_second},
                          {"access_seconds", settings.lifetimes.access.count()},
                          {"refresh_seconds", settings.lifetimes.refresh.count()},
                          {"reuse_seconds", settings.lifetimes.reuse.count()},
                          {"grants", authority.tokens.report()},
                          {"accounts", authority.accounts.report()},
                          {"faults", authority.faults.report()}});
}

http::Reply set_oauth(Garage& garage, const http::Request& request) {
  auto settings = settings_of(garage.authority());
  if (const auto problem = read_settings(body_of(request), settings); !problem.empty()) return bad_request(problem);
  apply(settings, garage.authority());
  return show_oauth(garage, request);
}

http::Reply host_public_key(Garage& garage, const http::Request& request) {
  const auto body = body_of(request);
  const bool is_whole = body.is_object() && body.contains("domain") && body.contains("public_key");
  const auto key = is_whole ? read_key(body.at("public_key")) : std::nullopt;
  if (!key || !body.at("domain").is_string() || !is_domain(body.at("domain").get_ref<const std::string&>())) {
    return bad_request(R"(write {"domain": "example.com", "public_key": "04…"}, or null for no key)");
  }
  if (!garage.authority().accounts.host(body.at("domain").get<std::string>(), *key)) {
    return bad_request("too many domains have a key of their own");
  }
  return json_reply(200, body);
}

http::Reply revoke_access_tokens(Garage& garage, const http::Request& request) {
  garage.authority().tokens.revoke_access_tokens();
  return show_oauth(garage, request);
}

http::Reply list_oauth_faults(Garage& garage, const http::Request&) {
  return json_reply(200, {{"faults", garage.authority().faults.report()}});
}

http::Reply order_oauth_fault(Garage& garage, const http::Request& request) {
  auto order = parse_oauth_order(body_of(request));
  if (!order) return bad_request(order.error());
  if (!garage.authority().faults.add(*std::move(order))) return bad_request("too many faults are waiting");
  return list_oauth_faults(garage, request);
}

http::Reply clear_oauth_faults(Garage& garage, const http::Request& request) {
  garage.authority().faults.clear();
  return list_oauth_faults(garage, request);
}

}  // namespace fleetsign::simulator
