// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/message.h"

#include <doctest/doctest.h>

namespace fleetsign::http {
namespace {

TEST_CASE("headers: names compare without case, values are kept as they are") {
  const Headers headers{{"Content-Type", "Application/JSON"}};
  REQUIRE(headers.find("content-type") != nullptr);
  CHECK(*headers.find("CONTENT-TYPE") == "Application/JSON");
  CHECK(headers.find("Content-Typ") == nullptr);
  CHECK(headers.find("Content-Types") == nullptr);
}

TEST_CASE("headers: fields of one name are counted, and the first one is found") {
  Headers headers;
  headers.add("Via", "a");
  headers.add("Host", "h");
  headers.add("via", "b");
  CHECK(headers.count("VIA") == 2);
  CHECK(*headers.find("via") == "a");
}

TEST_CASE("headers: set replaces all fields of a name, however they are written") {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.set("A", "4");
  CHECK(headers.size() == 2);
  CHECK(*headers.find("a") == "4");
}

TEST_CASE("headers: set and remove take a name that lives in the headers themselves") {
  Headers headers{{"A-name-too-long-for-small-strings", "1"}, {"B", "2"}};
  headers.set(headers.begin()->name, "3");
  CHECK(*headers.find("a-name-too-long-for-small-strings") == "3");
  headers.remove(headers.begin()->name);
  CHECK(headers.size() == 1);
}

TEST_CASE("comparison without case is for ASCII letters only") {
  CHECK(equal_ignoring_case("aZ-_9", "Az-_9"));
  CHECK_FALSE(equal_ignoring_case("@", "`"));
  CHECK_FALSE(equal_ignoring_case("[", "{"));
  CHECK_FALSE(equal_ignoring_case("a", "ab"));
}

}  // namespace
}  // namespace fleetsign::http
