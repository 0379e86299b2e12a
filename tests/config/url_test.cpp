// SPDX-License-Identifier: Apache-2.0
#include "config/url.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>

using namespace fleetsign::config;

namespace {

/// In one spelling, or what is wrong.
std::string parsed(std::string_view text) {
  const auto result = parse_origin(text);
  if (const auto* fault = std::get_if<std::string>(&result)) return *fault;
  return to_text(std::get<Origin>(result));
}

}  // namespace

TEST_CASE("origin: scheme, host and port") {
  const auto result = parse_origin("https://example.com:8443");
  REQUIRE(std::holds_alternative<Origin>(result));
  const Origin& origin = std::get<Origin>(result);
  CHECK(origin.scheme == "https");
  CHECK(origin.host == "example.com");
  CHECK(origin.port == 8443);
}

TEST_CASE("origin: one spelling for all that mean the same") {
  CHECK(parsed("https://example.com") == "https://example.com");
  CHECK(parsed("https://example.com/") == "https://example.com");
  CHECK(parsed("HTTPS://Example.COM:443/") == "https://example.com:443");
  CHECK(parsed("http://127.0.0.1:0") == "http://127.0.0.1:0");
  CHECK(parsed("http://[::1]:80") == "http://[::1]:80");
  CHECK(parsed("http://[2001:DB8::1]") == "http://[2001:db8::1]");
}

TEST_CASE("origin: whatever is more, less or malformed is refused without being shown") {
  CHECK(parsed("") == "does not begin with a scheme and ://");
  CHECK(parsed("example.com:443") == "does not begin with a scheme and ://");
  CHECK(parsed("https://user:password@example.com") == "holds a user name");
  CHECK(parsed("https://example.com/api") == "has more than a host and a port");
  CHECK(parsed("https://example.com//") == "has more than a host and a port");
  CHECK(parsed("https://example.com?x=1") == "has more than a host and a port");
  CHECK(parsed("https://example.com#x") == "has more than a host and a port");
  CHECK(parsed("https://example.com\\x") == "has more than a host and a port");
  CHECK(parsed("https://") == "has no host");
  CHECK(parsed("https:///") == "has no host");
  CHECK(parsed("https://:443") == "has no host");
  CHECK(parsed("https://[]") == "has no host");
  CHECK(parsed("https://[::1") == "has a bracket that is not closed");
  CHECK(parsed("https://exa mple.com") == "has a host that is neither a name nor an address");
  CHECK(parsed("https://[127.0.0.1]") == "has a host that is neither a name nor an address");
  for (const char* const port : {"", "x", "-1", "+1", "0x10", "65536", "99999999999999999999", "80:80", " 80"}) {
    CAPTURE(port);
    CHECK(parsed("https://example.com:" + std::string(port)) == "has a port that is not a number from 0 to 65535");
  }
  CHECK(parsed("https://[::1]80") == "has a port that is not a number from 0 to 65535");
}

TEST_CASE("loopback: only addresses that cannot leave the machine, and localhost") {
  for (const char* const host : {"localhost", "127.0.0.1", "127.255.255.254", "::1"}) {
    CAPTURE(host);
    CHECK(is_loopback(host));
  }
  for (const char* const host : {"127.0.0.1.example.com", "localhost.example.com", "128.0.0.1", "0.0.0.0",
                                 "::", "::ffff:127.0.0.1", "127.1", "2130706433", ""}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback(host));
  }
}

TEST_CASE("host name: the labels of RFC 1123") {
  for (const std::string& name : {std::string("a"), std::string("example.com"), std::string("3com.example"),
                                  std::string("xn--bcher-kva.example"), std::string(63, 'a') + ".example"}) {
    CAPTURE(name);
    CHECK(is_host_name(name));
  }
  for (const std::string& name : {std::string(), std::string("."), std::string("a..b"), std::string("example.com."),
                                  std::string("-a.example"), std::string("a-.example"), std::string("a_b.example"),
                                  std::string("b\xC3\xBC"
                                              "cher.example"),
                                  std::string("a b"), std::string(64, 'a'), "a" + std::string(300, '.') + "b"}) {
    CAPTURE(name);
    CHECK_FALSE(is_host_name(name));
  }
}

TEST_CASE("host: an address is one in numbers") {
  for (const char* const text : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1"})
    CHECK(is_address(text));
  for (const char* const text : {"", "localhost", "127.1", "256.0.0.1", "1.2.3.4.", "[::1]", "::1::", "fe80::1%eth0"})
    CHECK_FALSE(is_address(text));
}

TEST_CASE("host: unspecified is the address that stands for all of a machine's") {
  for (const char* const text : {"0.0.0.0", "::", "0::0", "0:0:0:0:0:0:0:0"}) CHECK(is_unspecified(text));
  for (const char* const text : {"", "0", "0.0.0.1", "::1", "127.0.0.1", "localhost", "::ffff:0.0.0.0"})
    CHECK_FALSE(is_unspecified(text));
}
