// SPDX-License-Identifier: Apache-2.0
// The addresses that a configuration may hold: scheme://host:port (an origin, RFC 6454), and nothing behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fleetsign::config {

struct Origin {
  std::string scheme;                 ///< lower case
  std::string host;                   ///< lower case; an IPv6 address without its brackets
  std::optional<std::uint16_t> port;  ///< 0 only when written
};

/// The parts of an origin; a slash at the end is ignored. Otherwise what is wrong with it, in words that follow "URL "
/// and hold nothing of it.
std::variant<Origin, std::string> parse_origin(std::string_view text);

/// The origin in one spelling, without a slash at its end.
std::string to_text(const Origin& origin);

/// "localhost", 127.0.0.0/8 or ::1. Any other name may lead anywhere.
bool is_loopback(std::string_view host);

/// An IPv4 or IPv6 address in numbers, the latter without its brackets.
bool is_address(std::string_view host);

/// 0.0.0.0 or ::, in any spelling: a place to listen, and the address of no machine.
bool is_unspecified(std::string_view host);

/// A DNS name (RFC 1123, section 2.1) or an IPv4 address.
bool is_host_name(std::string_view text);

}  // namespace fleetsign::config
