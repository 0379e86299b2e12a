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
constexpr const char* kHeader = "Authorization";
/// For a local key beside a token, which has the other header.
constexpr const char* kOwnHeader = "X-Authorization";

Failure not_authenticated(std::string message) {
  return {.kind = Kind::not_authenticated, .message = std::move(message)};
}

/// What stands behind the scheme; nothing when that is another, or nothing does.
std::optional<std::string_view> bearer_in(std::string_view value) {
  const bool is_bearer =
      value.size() > kScheme.size() && http::equal_ignoring_case(value.substr(0, kScheme.size()), kScheme);
  return is_bearer ? std::optional(value.substr(kScheme.size())) : std::nullopt;
}

/// Whether it is a local key, or was meant to be one: no token of Tesla's begins like that.
bool is_like_key(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of("\"'"), text.size()));
  return http::equal_ignoring_case(text.substr(0, upstream::kLocalKey.size()), upstream::kLocalKey);
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

}  // namespace

protocol::Result<Credentials> credentials_in(const http::Request& request) {
  Credentials shown;
  if (const auto* header = request.headers.find(kOwnHeader); header != nullptr) {
    const auto text = bearer_in(*header);
    shown.key = request.headers.count(kOwnHeader) == 1 && text ? std::string(*text) : "";
  }
  const auto* header = request.headers.find(kHeader);
  if (header == nullptr) return shown;
  if (request.headers.count(kHeader) > 1) {
    return not_authenticated("the header `Authorization` is given more than once");
  }
  const auto text = bearer_in(*header);
  if (!text) return not_authenticated("the header `Authorization` is not of the form `Bearer TOKEN`");
  if (is_like_key(*text)) {
    // Two keys are no key.
    shown.key = shown.key ? "" : std::string(*text);
    return shown;
  }
  shown.token = upstream::Bearer::read(*text);
  if (!shown.token) return not_authenticated("the token has characters that no token has");
  return shown;
}

std::string name_of(const upstream::Bearer& token) {
  constexpr std::size_t kDigits = 8;
  return "token:" + crypto::to_hex(crypto::sha256({crypto::as_bytes(token.expose())})).substr(0, kDigits);
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
