// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/routes.h"

#include <doctest/doctest.h>

namespace fleetsign::api {
namespace {

TEST_CASE("routes: a path fits a pattern segment by segment, and gives what its names stand for") {
  struct Row {
    std::string pattern;
    std::string path;
    bool fits;
    Captures captures;
  };
  for (const auto& [pattern, path, fits, captures] : {
           Row{"/health", "/health", true, {}},
           Row{"/health", "/health/", false, {}},
           Row{"/health", "/Health", false, {}},
           Row{"/health", "//health", false, {}},
           Row{"/health", "/", false, {}},
           Row{"/health", "/healthy", false, {}},
           Row{"/a/{x}/b/{y}", "/a/1/b/2", true, {"1", "2"}},
           Row{"/a/{x}/b/{y}", "/a/%2e/b/{y}", true, {"%2e", "{y}"}},
           Row{"/a/{x}/b/{y}", "/a//b/2", false, {}},
           Row{"/a/{x}/b/{y}", "/a/1/b/", false, {}},
           Row{"/a/{x}/b/{y}", "/a/1/b", false, {}},
           Row{"/a/{x}/b/{y}", "/a/1/b/2/c", false, {}},
           Row{"/a/{x}/b/{y}", "/a/1/c/2", false, {}},
           Row{"/api/1/*", "/api/1/x", true, {}},
           Row{"/api/1/*", "/api/1/x/y//z", true, {}},
           Row{"/api/1/*", "/api/1/", true, {}},
           Row{"/api/1/*", "/api/1", false, {}},
           Row{"/api/1/*", "/api/10/x", false, {}},
           Row{"/api/1/*", "/api/2/1/x", false, {}},
       }) {
    const auto& shown_pattern = pattern;
    CAPTURE(shown_pattern);
    const auto& shown_path = path;
    CAPTURE(shown_path);
    Captures found{"left over"};
    CHECK(matches(pattern, path, found) == fits);
    if (fits) CHECK(found == captures);
  }
}

}  // namespace
}  // namespace fleetsign::api
