// SPDX-License-Identifier: Apache-2.0
#include "config/suggestion.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace fleetsign::config;

TEST_CASE("edit distance: insertions, removals, replacements and swaps count one each") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("timeout", "timeout") == 0);
  CHECK(edit_distance("timout", "timeout") == 1);
  CHECK(edit_distance("timeoout", "timeout") == 1);
  CHECK(edit_distance("timeo_t", "timeout") == 1);
  CHECK(edit_distance("tiemout", "timeout") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("edit distance: nothing is edited twice") {
  // The textbook case in which optimal string alignment (3) and Damerau-Levenshtein (2) differ.
  CHECK(edit_distance("ca", "abc") == 3);
}

TEST_CASE("suggestion: the closest name, the first of equals") {
  const std::vector<std::string> names = {"timeout", "timeout_max", "domain", "log.level", "fleet_api.base_url"};
  CHECK(suggestion("timeot", names) == "timeout");
  CHECK(suggestion("timeout_mx", names) == "timeout_max");
  CHECK(suggestion("fleet_api.base_ur", names) == "fleet_api.base_url");
  CHECK(suggestion("domian", names) == "domain");
  CHECK(suggestion("ab", std::vector<std::string>{"ax", "ay"}) == "ax");
}

TEST_CASE("suggestion: a word begun and not finished") {
  CHECK(suggestion("warn", std::vector<std::string>{"error", "warning"}) == "warning");
  CHECK(suggestion("err", std::vector<std::string>{"error", "warning"}) == "error");
}

TEST_CASE("suggestion: the last part of a name is enough") {
  const std::vector<std::string> names = {"timeout", "log.level", "fleet_api.base_url"};
  CHECK(suggestion("base_url", names) == "fleet_api.base_url");
  CHECK(suggestion("logging.levle", names) == "log.level");
}

TEST_CASE("suggestion: nothing rather than something far") {
  const std::vector<std::string> names = {"timeout", "domain", "na", "log.level"};
  CHECK(suggestion("", names) == std::nullopt);
  CHECK(suggestion("us", names) == std::nullopt);
  CHECK(suggestion("password", names) == std::nullopt);
  CHECK(suggestion(std::string(100'000, 't'), names) == std::nullopt);
  CHECK(suggestion("timeout", {}) == std::nullopt);
}
