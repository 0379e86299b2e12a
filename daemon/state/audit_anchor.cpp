// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/audit_anchor.h"

#include <algorithm>

namespace fleetsign::state {

std::optional<ops::ChainEnd> AuditAnchor::find() const {
  std::optional<ops::ChainEnd> found;
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare("SELECT seq, hash FROM audit");
    if (!row.step()) return;
    ops::ChainEnd end{.seq = static_cast<std::uint64_t>(row.integer(0))};
    std::ranges::copy(row.blob(1), end.hash.begin());
    found = end;
  });
  return was_read ? found : std::nullopt;
}

bool AuditAnchor::keep(const ops::ChainEnd& end) {
  return store_.write([&](const Database& database) {
    database.prepare("INSERT OR REPLACE INTO audit (id, seq, hash) VALUES (1, ?, ?)")
        .bind(static_cast<std::int64_t>(end.seq))
        .bind(crypto::ByteView(end.hash))
        .run();
  });
}

}  // namespace fleetsign::state
