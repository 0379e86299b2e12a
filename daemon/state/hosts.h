// SPDX-License-Identifier: Apache-2.0
// Which base URL Fleet API has named for which account, over restarts. Accounts come here as hashes only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crypto/digest.h"
#include "daemon/state/store.h"

namespace fleetsign::state {

/// Safe to use from many threads; each call may wait for the disk.
class Hosts {
 public:
  /// Of more accounts than that, those that were kept first are given up: a stranger can make up accounts.
  static constexpr std::int64_t kCapacity = 10'000;

  explicit Hosts(Store& store, std::int64_t capacity = kCapacity) : store_(store), capacity_(capacity) {}

  /// Nothing when none is known, or it cannot be read.
  [[nodiscard]] std::optional<std::string> find(const crypto::Sha256Digest& account) const;

  /// In place of the one that was kept before. Whether it is durable.
  bool keep(const crypto::Sha256Digest& account, const std::string& base_url);

  /// Whether that is durable.
  bool erase(const crypto::Sha256Digest& account);

 private:
  Store& store_;
  std::int64_t capacity_;
};

}  // namespace fleetsign::state
