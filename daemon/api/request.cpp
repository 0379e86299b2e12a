// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/request.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

#include "crypto/bytes.h"
#include "crypto/random.h"

namespace fleetsign::api {
namespace {

using protocol::Failure;
using protocol::Kind;

constexpr std::size_t kVinLength = 17;
constexpr std::size_t kLongestRequestId = 128;

constexpr std::array<std::string_view, 24> kNotPassedOn = {
    // of one connection
    "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info",
    // set anew by whoever sends the message on
    "Host", "Content-Length", "Expect", "Authorization",
    // about the caller
    "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via",
    // for us alone
    "X-Authorization", "X-Confirm", "Idempotency-Key", "X-Request-Id"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls `visit` with each element of a comma-separated field value.
template <class Visit>
void for_each_element(std::string_view value, Visit visit) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    if (const auto element = trimmed(value.substr(0, comma)); !element.empty()) visit(element);
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
}

bool is_dot_segment(std::string_view segment) {
  std::string decoded;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const bool is_encoded_dot = http::equal_ignoring_case(segment.substr(i, 3), "%2e");
    decoded += is_encoded_dot ? '.' : segment[i];
    if (is_encoded_dot) i += 2;
  }
  return decoded == "." || decoded == "..";
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

bool is_plain_path(std::string_view path) {
  const bool has_odd_character = std::ranges::any_of(
      path, [](unsigned char c) { return c <= 0x20 || c >= 0x7F || c == '\\' || c == '#' || c == '?'; });
  return path.starts_with('/') && !has_odd_character && std::ranges::none_of(segments_of(path), is_dot_segment);
}

protocol::Result<std::string> parse_vin(std::string_view text) {
  std::string vin(text);
  std::ranges::transform(vin, vin.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const bool is_vin = vin.size() == kVinLength && std::ranges::all_of(vin, [](unsigned char c) {
                        return std::isalnum(c) != 0 && c != 'I' && c != 'O' && c != 'Q';
                      });
  if (is_vin) return vin;
  const bool is_number = !vin.empty() && std::ranges::all_of(vin, [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!is_number) return Failure{.kind = Kind::bad_vin, .message = "the path has no valid VIN"};
  return Failure{.kind = Kind::bad_vin,
                 .message = "the path has a Fleet API id where a VIN is needed",
                 .hint = "GET /api/1/vehicles lists the vin of each id"};
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
  constexpr std::string_view kWait = "wait=";
  std::optional<std::chrono::seconds> wait;
  for (const auto& [name, value] : request.headers) {
    if (!http::equal_ignoring_case(name, "Prefer")) continue;
    for_each_element(value, [&](std::string_view preference) {
      if (wait || !http::equal_ignoring_case(preference.substr(0, kWait.size()), kWait)) return;
      preference.remove_prefix(kWait.size());
      preference = trimmed(preference.substr(0, preference.find(';')));
      std::int32_t seconds = 0;
      const auto [end, error] = std::from_chars(preference.data(), preference.data() + preference.size(), seconds);
      if (error == std::errc{} && end == preference.data() + preference.size() && seconds > 0) {
        wait = std::chrono::seconds(seconds);
      }
    });
  }
  return wait;
}

http::Headers end_to_end(const http::Headers& headers) {
  std::vector<std::string_view> dropped(kNotPassedOn.begin(), kNotPassedOn.end());
  for (const auto& [name, value] : headers) {
    if (!http::equal_ignoring_case(name, "Connection")) continue;
    for_each_element(value, [&](std::string_view named) { dropped.push_back(named); });
  }
  http::Headers kept;
  for (const auto& [name, value] : headers) {
    const auto is_this = [&](std::string_view other) { return http::equal_ignoring_case(name, other); };
    if (std::ranges::none_of(dropped, is_this)) kept.add(name, value);
  }
  return kept;
}

}  // namespace fleetsign::api
