// SPDX-License-Identifier: Apache-2.0
#include "daemon/ops/metric_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>

namespace fleetsign::ops {
namespace {

TEST_CASE("metric table: names are unique, say what they are of, and end as their type wants it") {
  std::set<std::string_view> names;
  for (const auto& row : metric_rows()) {
    CAPTURE(std::string(row.name));
    CHECK(names.insert(row.name).second);
    CHECK((row.name.starts_with("fleetsign_") || row.name.starts_with("process_")));
    CHECK((row.type == MetricType::counter) == row.name.ends_with("_total"));
    CHECK((row.type != MetricType::histogram || row.name.ends_with("_seconds")));
    CHECK_FALSE(row.help.empty());
    CHECK_FALSE(row.help.ends_with('.'));
  }
}

TEST_CASE("metric table: a histogram, and nothing else, has buckets, which ascend") {
  for (const auto& row : metric_rows()) {
    CAPTURE(std::string(row.name));
    CHECK((row.type == MetricType::histogram) == !row.buckets.empty());
    CHECK(std::ranges::is_sorted(row.buckets));
  }
}

TEST_CASE("metric table: no label stands for vehicles or callers") {
  for (const auto& row : metric_rows()) {
    CAPTURE(std::string(row.name));
    for (const auto* word : {"vin", "vehicle", "caller", "user", "peer", "token", "id"}) CHECK(row.label != word);
  }
}

TEST_CASE("metric table: a row is found by its name, and by no other") {
  CHECK(metric_row("fleetsign_ready").type == MetricType::gauge);
  CHECK_THROWS_AS((void)metric_row("fleetsign_read"), std::logic_error);
}

}  // namespace
}  // namespace fleetsign::ops
