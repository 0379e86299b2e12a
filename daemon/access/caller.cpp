// SPDX-License-Identifier: Apache-2.0
#include "daemon/access/caller.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "crypto/digest.h"

namespace fleetsign::access {
namespace {

using protocol::Failure;
using protocol::Kind;

constexpr std::string_view kScheme = "Bearer ";
constexpr std::string_view kLocalKey = "fsk_";

Failure not_authenticated(std::string message) {
  return {.kind = Kind::not_authenticated, .message = std::move(message)};
}

/// An authority without its port: "127.0.0.1:4480" to "127.0.0.1", "[::1]:80" to "[::1]".
std::string_view host_in(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return end == std::string_view::npos ? std::string_view{} : authority.substr(0, end + 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_loopback_name(std::string_view host) {
  if (http::equal_ignoring_case(host, "localhost") || host == "[::1]") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_own_host(std::string_view authority, const std::vector<std::string>& hosts) {
  const auto host = host_in(authority);
  return is_loopback_name(host) ||
         std::ranges::any_of(hosts, [&](const std::string& own) { return http::equal_ignoring_case(host, own); });
}

/// An origin is "null" or scheme://authority (RFC 6454 section 7).
bool is_same_origin(std::string_view origin, std::string_view authority) {
  const auto start = origin.find("://");
  return start != std::string_view::npos && !authority.empty() &&
         http::equal_ignoring_case(origin.substr(start + 3), authority);
}

/// Tells tokens apart, and nothing about them.
std::string name_of(const upstream::Bearer& token) {
  constexpr std::size_t kDigits = 8;
  return "token:" + crypto::to_hex(crypto::sha256({crypto::as_bytes(token.expose())})).substr(0, kDigits);
}

}  // namespace

protocol::Result<Caller> identify(const http::Request& request) {
  auto token = bearer_of(request);
  if (!token) return token.error();
  auto name = name_of(*token);
  return Caller{.name = std::move(name), .token = *std::move(token)};
}

protocol::Result<upstream::Bearer> bearer_of(const http::Request& request) {
  const std::string* header = request.headers.find("Authorization");
  if (header == nullptr) return not_authenticated("the request carries no token");
  if (request.headers.count("Authorization") > 1) {
    return not_authenticated("the header `Authorization` is given more than once");
  }
  const std::string_view value = *header;
  if (value.size() <= kScheme.size() || !http::equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) {
    return not_authenticated("the header `Authorization` is not of the form `Bearer TOKEN`");
  }
  const auto token = value.substr(kScheme.size());
  const bool is_visible = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!is_visible) return not_authenticated("the token has characters that no token has");
  // A local key is ours alone: it must never be passed on to Fleet API.
  if (token.starts_with(kLocalKey)) return not_authenticated("this local key is not known");
  return upstream::Bearer(std::string(token));
}

std::optional<Failure> refuse_foreign(const http::Request& request, const std::vector<std::string>& hosts) {
  const std::string* host = request.headers.find("Host");
  const std::string authority = host == nullptr ? std::string{} : *host;
  const bool needs_own_host = request.peer.address != "unix";
  if (needs_own_host && host != nullptr && !is_own_host(authority, hosts)) {
    return Failure{.kind = Kind::not_allowed,
                   .message = "the header `Host` names another machine",
                   .hint = "call it as localhost, or as `listen`, `domain` or `hosts` of the configuration say"};
  }
  const std::string* origin = request.headers.find("Origin");
  const std::string* site = request.headers.find("Sec-Fetch-Site");
  const bool is_foreign_site = site != nullptr && *site != "same-origin" && *site != "none";
  if ((origin != nullptr && !is_same_origin(*origin, authority)) || is_foreign_site) {
    return Failure{.kind = Kind::not_allowed,
                   .message = "the request was made by a web page of another origin",
                   .hint = "web pages must call their own server, which then calls fleetsign"};
  }
  return std::nullopt;
}

}  // namespace fleetsign::access
