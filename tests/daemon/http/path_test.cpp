// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/path.h"

#include <doctest/doctest.h>

namespace fleetsign::http {
namespace {

TEST_CASE("path: what may be written in two ways comes out in one") {
  CHECK(canonical_path("/api/1/vehicles") == "/api/1/vehicles");
  CHECK(canonical_path("/%63ommand/vehicle%5fdata/%7e%2D%2e%41%39") == "/command/vehicle_data/~-.A9");
  CHECK(canonical_path("/a%2fb%3b%c3%a9") == "/a%2Fb%3B%C3%A9");
  CHECK(canonical_path("/a/b/") == "/a/b");
  CHECK(canonical_path("/a/b///") == "/a/b");
}

TEST_CASE("path: what means something else stays something else") {
  CHECK(canonical_path("/a//b") == "/a//b");
  CHECK(canonical_path("/a/./b/..") == "/a/./b/..");
  CHECK(canonical_path("/Command") == "/Command");
  CHECK(canonical_path("/%2563") == "/%2563");  // decoded once, and no further
}

TEST_CASE("path: the root, and what is none or malformed, stay as they are") {
  CHECK(canonical_path("/") == "/");
  CHECK(canonical_path("//") == "/");
  CHECK(canonical_path("*") == "*");
  CHECK(canonical_path("").empty());
  CHECK(canonical_path("/%") == "/%");
  CHECK(canonical_path("/%4") == "/%4");
  CHECK(canonical_path("/%zz%6") == "/%zz%6");
}

}  // namespace
}  // namespace fleetsign::http
