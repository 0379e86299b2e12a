// SPDX-License-Identifier: Apache-2.0
#include "config/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace fleetsign::config {
namespace {

// Not <cctype>, which depends on the locale.
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (is_letter(c)) c = static_cast<char>(c | 0x20);
  }
  return result;
}

std::optional<in_addr> parse_ipv4(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<in6_addr> parse_ipv6(std::string_view text) {
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_label(std::string_view label) {
  constexpr std::size_t kLongest = 63;
  return !label.empty() && label.size() <= kLongest && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_digit(c) || is_letter(c) || c == '-'; });
}

}  // namespace

std::variant<Origin, std::string> parse_origin(std::string_view text) {
  const std::string url = lower(text);
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return "does not begin with a scheme and ://";
  Origin origin{.scheme = url.substr(0, scheme_end)};

  std::string rest = url.substr(scheme_end + 3);
  if (rest.find('@') != std::string::npos) return "holds a user name";
  if (rest.ends_with('/')) rest.pop_back();
  if (rest.find_first_of("/?#\\") != std::string::npos) return "has more than a host and a port";

  const bool bracketed = rest.starts_with('[');
  const std::size_t host_end = bracketed ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (host_end == std::string::npos) return "has a bracket that is not closed";
  origin.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  if (origin.host.empty()) return "has no host";
  if (bracketed ? !parse_ipv6(origin.host) : !is_host_name(origin.host))
    return "has a host that is neither a name nor an address";

  const std::string behind_host = rest.substr(bracketed ? host_end + 1 : host_end);
  if (behind_host.empty()) return origin;
  if (behind_host.front() == ':') origin.port = parse_port(std::string_view(behind_host).substr(1));
  if (!origin.port) return "has a port that is not a number from 0 to 65535";
  return origin;
}

std::string to_text(const Origin& origin) {
  const bool is_address = origin.host.find(':') != std::string::npos;
  const std::string host = is_address ? "[" + origin.host + "]" : origin.host;
  return origin.scheme + "://" + host + (origin.port ? ":" + std::to_string(*origin.port) : "");
}

bool is_loopback(std::string_view host) {
  if (const auto v4 = parse_ipv4(host)) return (ntohl(v4->s_addr) >> 24) == 127;
  if (const auto v6 = parse_ipv6(host)) return IN6_IS_ADDR_LOOPBACK(&*v6);
  return host == "localhost";
}

bool is_address(std::string_view host) {
  return parse_ipv4(host) || parse_ipv6(host);
}

bool is_unspecified(std::string_view host) {
  if (const auto v4 = parse_ipv4(host)) return v4->s_addr == INADDR_ANY;
  const auto v6 = parse_ipv6(host);
  return v6 && IN6_IS_ADDR_UNSPECIFIED(&*v6);
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t kLongest = 253;
  if (text.empty() || text.size() > kLongest) return false;
  while (true) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace fleetsign::config
