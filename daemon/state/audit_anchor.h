// SPDX-License-Identifier: Apache-2.0
// The last line of the audit, over restarts: whoever cuts lines off the audit's file does not reach it here.
#pragma once

#include <optional>

#include "daemon/ops/audit_line.h"
#include "daemon/state/store.h"

namespace fleetsign::state {

/// Safe to use from many threads; each call may wait for the disk.
class AuditAnchor {
 public:
  explicit AuditAnchor(Store& store) : store_(store) {}

  /// Nothing when none was ever kept, or it cannot be read.
  [[nodiscard]] std::optional<ops::ChainEnd> find() const;

  /// In place of the one that was kept before. Whether it is durable.
  bool keep(const ops::ChainEnd& end);

 private:
  Store& store_;
};

}  // namespace fleetsign::state
