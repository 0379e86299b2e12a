// SPDX-License-Identifier: Apache-2.0
// Chains of audit lines, for tests.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "daemon/ops/audit_line.h"

namespace fleetsign::ops::test {

inline AuditEntry entry(std::string command = "honk_horn") {
  return {.caller = "charger",
          .vehicles = {"5YJS0000000000001"},
          .command = std::move(command),
          .outcome = "ok",
          .executed = "yes",
          .request_id = "abc"};
}

struct Chain {
  std::vector<std::string> lines = {};
  ChainEnd end = {};

  /// Writes so many lines.
  Chain& grow(std::size_t count) {
    for (; count > 0; --count) add(audit_line(entry(), {}, end));
    return *this;
  }
  void add(std::string line) {
    end = end_at(end.seq + 1, line);
    lines.push_back(std::move(line));
  }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const auto& line : lines) text += line + '\n';
    return text;
  }
};

}  // namespace fleetsign::ops::test
