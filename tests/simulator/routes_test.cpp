// SPDX-License-Identifier: Apache-2.0
#include "simulator/routes.h"

#include <doctest/doctest.h>

namespace {

using fleetsign::simulator::find_route;
using fleetsign::simulator::match_path;

struct Route {
  std::string_view method;
  std::string_view pattern;
};

constexpr Route kRoutes[] = {
    {"GET", "/list"}, {"POST", "/list/all"}, {"GET", "/list/{item}"}, {"DELETE", "/list/{item}"}};

fleetsign::http::Request request(const std::string& method, const std::string& path) {
  fleetsign::http::Request request;
  request.method = method;
  request.path = path;
  return request;
}

}  // namespace

TEST_CASE("routes: a segment in braces stands for any one segment") {
  const auto captures = match_path("/a/{x}/b/{y}", "/a/1/b/22");
  REQUIRE(captures);
  CHECK(*captures == std::vector<std::string_view>{"1", "22"});
  CHECK(match_path("/a", "/a")->empty());
  for (const char* path : {"/a/1/b", "/a/1/b/", "/a//b/2", "/a/1/c/2", "/a/1/b/2/", "a/1/b/2", "", "/"}) {
    CAPTURE(path);
    CHECK_FALSE(match_path("/a/{x}/b/{y}", path));
  }
}

TEST_CASE("routes: the method chooses among rows of the pattern that fits first") {
  CHECK(find_route<Route>(kRoutes, request("GET", "/list/7")).captures.front() == "7");
  CHECK(find_route<Route>(kRoutes, request("DELETE", "/list/7")).route == &kRoutes[3]);
  CHECK(find_route<Route>(kRoutes, request("POST", "/list/all")).route == &kRoutes[1]);
}

TEST_CASE("routes: without a row for the method, the methods that there are are named") {
  const auto other_method = find_route<Route>(kRoutes, request("PUT", "/list/7"));
  CHECK(other_method.route == nullptr);
  CHECK(other_method.allowed == "GET, DELETE");
  CHECK(find_route<Route>(kRoutes, request("GET", "/list/all")).allowed == "POST");
  CHECK(find_route<Route>(kRoutes, request("GET", "/other")).allowed.empty());
}
