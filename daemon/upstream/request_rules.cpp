// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/request_rules.h"

#include <algorithm>
#include <array>

#include "daemon/http/syntax.h"

namespace fleetsign::upstream {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/// Framing and connection are between libcurl and the other side (RFC 9110 section 7.6.1, RFC 9112 section 6).
constexpr std::array<std::string_view, 10> kOurs = {
    "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection",
    "TE",   "Trailer",        "Upgrade",           "Expect"};

/// What libcurl adds to a request that does not have it.
constexpr std::array<std::string_view, 3> kMadeUp = {"Accept", "Content-Type", "Expect"};

bool is_ours(std::string_view name) {
  return std::ranges::any_of(kOurs, [&](std::string_view own) { return http::equal_ignoring_case(own, name); });
}

}  // namespace

std::optional<std::string> refusal(const Request& request) {
  if (std::ranges::find(kMethods, request.method) == kMethods.end()) return "the method is not one that is used here";
  const bool streams_body = request.body_source && request.body_source->size() != 0;
  if (request.method == "HEAD" && (streams_body || !request.body.empty())) return "a HEAD request has no body";
  for (const http::Header& field : request.headers) {
    if (!http::is_token(field.name)) return "the name of a header field is not valid";
    // A line break would make a field of its own of what follows (RFC 9110 section 5.5).
    if (!http::is_field_value(field.value))
      return "the header field " + field.name + " holds a line break or another control character";
  }
  return std::nullopt;
}

bool tells_length(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

std::vector<std::string> field_lines(const http::Headers& headers) {
  std::vector<std::string> lines;
  for (const http::Header& field : headers) {
    if (is_ours(field.name)) continue;
    // CURLOPT_HTTPHEADER: "Name:" removes a field, "Name;" sends it without a value.
    lines.push_back(http::trim(field.value).empty() ? field.name + ";" : field.name + ": " + field.value);
  }
  for (const std::string_view name : kMadeUp) {
    if (is_ours(name) || headers.find(name) == nullptr) lines.push_back(std::string(name) + ":");
  }
  return lines;
}

}  // namespace fleetsign::upstream
