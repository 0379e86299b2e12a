// SPDX-License-Identifier: Apache-2.0
#include "config/domain.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace fleetsign::config {
namespace {

TEST_CASE("domain: a host name in lower case is one") {
  for (const char* text :
       {"example.com", "car.example.com", "a-b.example", "xn--bcher-kva.example", "localhost", "192.0.2.1"}) {
    CAPTURE(text);
    CHECK_FALSE(fault_in_domain(text).has_value());
  }
}

TEST_CASE("domain: what is wrong with any other is said, and nothing is mended") {
  const std::pair<const char*, const char*> wrong[] = {
      {"https://example.com", "it has a scheme in front"},
      {"example.com/", "it has a path behind it"},
      {"example.com?a", "it has a path behind it"},
      {"example.com:443", "it has a port"},
      {"[2001:db8::1]", "it is an address"},
      {"2001:db8::1", "it is an address"},
      {"Example.com", "it has capital letters"},
      {"*.example.com", "it stands for many names"},
      {"example.com.", "it has a dot at its end"},
      {".", "it is no host name"},
      {"", "it is no host name"},
      {"b\xC3\xBC"
       "cher.example",
       "it is no host name"},
      {"-a.example", "it is no host name"},
      {"a b.example", "it is no host name"},
      {"user@example.com", "it is no host name"},
  };
  for (const auto& row : wrong) {
    const std::string text = row.first;
    CAPTURE(text);
    const auto fault = fault_in_domain(text);
    REQUIRE(fault.has_value());
    CHECK(std::string(fault->message) == row.second);
    CHECK_FALSE(std::string(fault->hint).empty());
  }
}

}  // namespace
}  // namespace fleetsign::config
