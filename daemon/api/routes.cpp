// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/routes.h"

#include "daemon/api/request.h"

namespace fleetsign::api {

bool matches(std::string_view pattern, std::string_view path, Captures& captures) {
  captures.clear();
  const auto expected = segments_of(pattern);
  const auto actual = segments_of(path);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (i >= actual.size()) return false;
    if (expected[i] == "*" && i + 1 == expected.size()) return true;
    if (!expected[i].starts_with('{')) {
      if (expected[i] != actual[i]) return false;
      continue;
    }
    if (actual[i].empty()) return false;
    captures.push_back(actual[i]);
  }
  return actual.size() == expected.size();
}

}  // namespace fleetsign::api
