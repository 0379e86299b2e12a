// SPDX-License-Identifier: Apache-2.0
// Every figure that /metrics can show, as a table: what is counted, served and documented comes from here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fleetsign::ops {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

struct MetricRow {
  std::string_view name;  ///< as Prometheus has it
  MetricType type;
  std::string_view help;
  std::string_view label = {};           ///< by which it is split; several with ", " between them; empty: not at all
  std::string_view present = {};         ///< when it is there at all; empty: always
  std::span<const double> buckets = {};  ///< a histogram's, in seconds
};

/// One row for each, those of one subject together. No label has a value for each vehicle or caller.
std::span<const MetricRow> metric_rows();

/// Throws std::logic_error when there is no such row.
const MetricRow& metric_row(std::string_view name);

/// For docs/observability.md.
std::string markdown_table_of_metrics();

}  // namespace fleetsign::ops
