// SPDX-License-Identifier: Apache-2.0
#include "daemon/state/hosts.h"

namespace fleetsign::state {

std::optional<std::string> Hosts::find(const crypto::Sha256Digest& account) const {
  std::optional<std::string> found;
  const bool was_read = store_.read([&](const Database& database) {
    auto row = database.prepare("SELECT base_url FROM hosts WHERE account = ?");
    row.bind(crypto::ByteView(account));
    if (row.step()) found = row.text(0);
  });
  return was_read ? found : std::nullopt;
}

bool Hosts::keep(const crypto::Sha256Digest& account, const std::string& base_url) {
  return store_.write([&](const Database& database) {
    database.prepare("INSERT OR REPLACE INTO hosts (account, base_url) VALUES (?, ?)")
        .bind(crypto::ByteView(account))
        .bind(base_url)
        .run();
    keep_latest(database, "hosts", capacity_);
  });
}

bool Hosts::erase(const crypto::Sha256Digest& account) {
  return store_.write([&](const Database& database) {
    database.prepare("DELETE FROM hosts WHERE account = ?").bind(crypto::ByteView(account)).run();
  });
}

}  // namespace fleetsign::state
