// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/go_values.h"

#include <doctest/doctest.h>

#include <utility>

using fleetsign::cli::read_go_boolean;
using fleetsign::cli::read_go_duration;
using std::chrono::milliseconds;

TEST_CASE("go values: a boolean is one of the words that Go takes") {
  for (const char* const word : {"1", "t", "T", "TRUE", "true", "True"}) CHECK(read_go_boolean(word) == true);
  for (const char* const word : {"0", "f", "F", "FALSE", "false", "False"}) CHECK(read_go_boolean(word) == false);
  for (const char* const word : {"", "yes", "no", "tRUE", "2", " true"}) CHECK_FALSE(read_go_boolean(word).has_value());
}

TEST_CASE("go values: a duration is numbers with units") {
  constexpr std::pair<const char*, int> kDurations[] = {
      {"10s", 10'000},    {"1m30s", 90'000},        {"500ms", 500},   {"1.5h", 5'400'000},
      {".5s", 500},       {"1h1m1s1ms", 3'661'001}, {"0", 0},         {"0s", 0},
      {"+2s", 2'000},     {"-2s", -2'000},          {"1us", 1},       {"2000us", 2},
      {"2000\u00b5s", 2}, {"2000\u03bcs", 2},       {"3000000ns", 3}, {"1s1s", 2'000}};
  for (const auto& pair : kDurations) {
    CAPTURE(pair.first);
    CHECK(read_go_duration(pair.first) == milliseconds(pair.second));
  }
}

TEST_CASE("go values: what is no duration is none") {
  for (const char* const text : {"", "-", "10", "s", "10 s", "10d", "1m30", "1..5s", ".s", "1e3s", "ten", "--1s",
                                 "1s-1s", "inf", "nan", "9999999999999999h", "1000001h"}) {
    CAPTURE(text);
    CHECK_FALSE(read_go_duration(text).has_value());
  }
}
