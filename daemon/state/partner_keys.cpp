// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/partner_keys.h"

#include <algorithm>

namespace fleetsign::state {

std::optional<crypto::PublicPoint> PartnerKeys::find(const std::string& domain) const {
  crypto::Bytes found;
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare("SELECT point FROM partner_keys WHERE domain = ?");
    row.bind(domain);
    if (row.step()) found = row.blob(0);
  });
  crypto::PublicPoint point{};
  if (!was_read || found.size() != point.size()) return std::nullopt;
  std::ranges::copy(found, point.begin());
  return point;
}

bool PartnerKeys::keep(const std::string& domain, const crypto::PublicPoint& point) {
  return store_.write([&](const Database& database) {
    database.prepare("INSERT OR REPLACE INTO partner_keys (domain, point) VALUES (?, ?)")
        .bind(domain)
        .bind(crypto::ByteView(point))
        .run();
    keep_latest(database, "partner_keys", capacity_);
  });
}

}  // namespace fleetsign::state
