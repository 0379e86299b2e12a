// SPDX-License-Identifier: Apache-2.0
#include "daemon/upstream/recent.h"

#include <doctest/doctest.h>

#include <string>

namespace fleetsign::upstream {
namespace {

TEST_CASE("recent: what was asked for longest ago makes room, and starts anew when it comes back") {
  Recent<int> recent(2);
  recent["a"] = 1;
  recent["b"] = 2;
  CHECK(recent["a"] == 1);
  recent["c"] = 3;
  std::string names;
  for (const auto& [name, value] : recent) names += name;
  CHECK(names == "ca");
  CHECK(recent["a"] == 1);
  CHECK(recent["b"] == 0);
}

}  // namespace
}  // namespace fleetsign::upstream
