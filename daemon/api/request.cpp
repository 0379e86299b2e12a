// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/request.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <utility>

#include "config/vehicles.h"
#include "crypto/bytes.h"
#include "crypto/random.h"
#include "daemon/http/syntax.h"
#include "protocol/vin.h"

namespace fleetsign::api {
namespace {

using protocol::Failure;
using protocol::Kind;

constexpr std::size_t kLongestRequestId = 128;

constexpr std::array<std::string_view, 11> kOfOneConnection = {
    "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info",
    // set anew by whoever passes a message on
    "Content-Length"};

constexpr std::array<std::string_view, 22> kNotForFleetApi = {
    // set anew by the sender
    "Host", "Expect", "Authorization",
    // about the caller
    "Forwarded", "Forwarded-For", "X-Forwarded", "X-Original-Forwarded-For", "X-Real-IP", "X-Client-IP",
    "X-Cluster-Client-IP", "X-ProxyUser-IP", "True-Client-IP", "CF-Connecting-IP", "Via",
    // for us alone
    "X-Authorization", "X-Confirm", "X-Request-Id",
    // by which some servers make another request of it than the one that was judged here
    "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL"};
/// In Cache-Control: an answer that was made for this request and for no other.
constexpr std::array<std::string_view, 2> kFreshOnly = {"no-cache", "no-store"};

/// About the caller, too: -For, -Host, -Proto and whatever else proxies write.
constexpr std::string_view kForwarded = "X-Forwarded-";

/// Calls `visit` with each element of a comma-separated field value.
template <class Visit>
void for_each_element(std::string_view value, Visit visit) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    if (const auto element = http::trim(value.substr(0, comma)); !element.empty()) visit(element);
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

/// With each %XX decoded (RFC 3986 section 2.1). What is malformed stays as it is.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    const auto byte = text.starts_with('%') ? crypto::parse_hex(text.substr(1, 2)) : std::nullopt;
    const bool is_encoded = byte && !byte->empty();
    decoded += is_encoded ? static_cast<char>(byte->front()) : text.front();
    text.remove_prefix(is_encoded ? 3 : 1);
  }
  return decoded;
}

/// Calls `visit` with each "name=value" of a query.
template <class Visit>
void for_each_parameter(std::string_view query, Visit visit) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    visit(pair);
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
}

std::string name_of(std::string_view pair) {
  return percent_decoded(pair.substr(0, pair.find('=')));
}

std::string value_of(std::string_view pair) {
  const auto equals = std::min(pair.find('='), pair.size());
  return percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
}

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names, [&](std::string_view other) { return http::equal_ignoring_case(name, other); });
}

/// The seconds in one preference (RFC 7240 section 2) or directive (RFC 9111 section 5.2) of that name: "=" and a
/// number, perhaps quoted; then any parameters.
std::optional<std::chrono::seconds> seconds_in(std::string_view element, std::string_view name) {
  element = element.substr(0, element.find(';'));
  const auto equals = std::min(element.find('='), element.size());
  if (!http::equal_ignoring_case(http::trim(element.substr(0, equals)), name)) return std::nullopt;
  auto number = http::trim(element.substr(std::min(equals + 1, element.size())));
  if (number.size() >= 2 && number.starts_with('"') && number.ends_with('"'))
    number = number.substr(1, number.size() - 2);
  std::int32_t seconds = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  if (error != std::errc{} || end != number.data() + number.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

protocol::Result<std::string> parse_vin(std::string_view text) {
  if (auto vin = protocol::read_vin(text)) return *std::move(vin);
  if (!protocol::is_fleet_api_id(text))
    return Failure{.kind = Kind::bad_vin, .message = "the path has no valid VIN, and no vehicle's name"};
  return Failure{.kind = Kind::bad_vin,
                 .message = "the path has a Fleet API id where a VIN is needed",
                 .hint = "GET /api/1/vehicles lists the vin of each id"};
}

std::optional<http::Request> with_vin(const http::Request& request, const config::Vehicles& vehicles) {
  auto path = config::with_vin(request.path, vehicles);
  if (!path) return std::nullopt;
  auto resolved = request;
  resolved.target = with_query(*path, request.query);
  resolved.path = *std::move(path);
  return resolved;
}

bool has_body(const http::Request& request) {
  return !request.body.empty() || (request.body_source && request.body_source->size() != 0U);
}

std::string request_id_of(const http::Request& request) {
  const std::string* own = request.headers.find("X-Request-Id");
  if (own != nullptr && !own->empty() && own->size() <= kLongestRequestId &&
      std::ranges::all_of(*own, [](char c) { return c > 0x20 && c < 0x7F; })) {
    return *own;
  }
  return crypto::to_hex(crypto::random_bytes<8>());
}

std::optional<std::chrono::seconds> preferred_wait(const http::Request& request) {
  std::optional<std::chrono::seconds> wait;
  for (const auto& [name, value] : request.headers) {
    if (!http::equal_ignoring_case(name, "Prefer")) continue;
    for_each_element(value, [&](std::string_view preference) {
      const auto seconds = seconds_in(preference, "wait");
      if (!wait && seconds && seconds->count() > 0) wait = seconds;
    });
  }
  return wait;
}

std::optional<std::chrono::seconds> oldest_wanted(const http::Request& request) {
  std::optional<std::chrono::seconds> oldest;
  const auto lower_to = [&](std::chrono::seconds age) { oldest = std::min(oldest.value_or(age), age); };
  for (const auto& [name, value] : request.headers) {
    if (!http::equal_ignoring_case(name, "Cache-Control")) continue;
    for_each_element(value, [&](std::string_view directive) {
      const auto word = http::trim(directive.substr(0, directive.find('=')));
      if (is_among(word, kFreshOnly)) lower_to(std::chrono::seconds(0));
      if (const auto age = seconds_in(directive, "max-age")) lower_to(*age);
    });
  }
  return oldest;
}

bool has_parameter(std::string_view query, std::string_view name) {
  bool found = false;
  for_each_parameter(query, [&](std::string_view pair) { found = found || name_of(pair) == name; });
  return found;
}

std::optional<std::string> parameter_in(std::string_view query, std::string_view name) {
  std::optional<std::string> value;
  for_each_parameter(query, [&](std::string_view pair) {
    if (!value && name_of(pair) == name) value = value_of(pair);
  });
  return value;
}

protocol::Result<bool> flag_in(std::string_view query, std::string_view name, bool otherwise) {
  std::vector<std::string> values;
  for_each_parameter(query, [&](std::string_view pair) {
    if (name_of(pair) == name) values.push_back(value_of(pair));
  });
  if (values.empty()) return otherwise;
  const bool is_flag = values.size() == 1 && (values.front() == "true" || values.front() == "false");
  if (is_flag) return values.front() == "true";
  return Failure{.kind = Kind::bad_request,
                 .message = "the parameter " + std::string(name) + " of the query is not true or false",
                 .hint = "write ?" + std::string(name) + "=true, once"};
}

std::string without_parameter(std::string_view query, std::string_view name) {
  std::string kept;
  for_each_parameter(query, [&](std::string_view pair) {
    if (name_of(pair) != name) kept += (kept.empty() ? "" : "&") + std::string(pair);
  });
  return kept;
}

std::string with_query(std::string path, std::string_view query) {
  if (!query.empty()) path.append("?").append(query);
  return path;
}

http::Headers fields_for_fleet_api(const http::Headers& received) {
  http::Headers kept;
  for (const auto& [name, value] : fields_for_caller(received)) {
    const bool is_forwarded =
        http::equal_ignoring_case(std::string_view(name).substr(0, kForwarded.size()), kForwarded);
    if (!is_forwarded && !is_among(name, kNotForFleetApi)) kept.add(name, value);
  }
  return kept;
}

http::Headers fields_for_caller(const http::Headers& received) {
  std::vector<std::string_view> dropped(kOfOneConnection.begin(), kOfOneConnection.end());
  for (const auto& [name, value] : received) {
    if (!http::equal_ignoring_case(name, "Connection")) continue;
    for_each_element(value, [&](std::string_view named) { dropped.push_back(named); });
  }
  http::Headers kept;
  for (const auto& [name, value] : received) {
    if (!is_among(name, dropped)) kept.add(name, value);
  }
  return kept;
}

}  // namespace fleetsign::api
