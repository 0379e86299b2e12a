// SPDX-License-Identifier: Apache-2.0
// The public keys that partners' domains are registered with at Fleet API, as it said last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crypto/private_key.h"
#include "daemon/state/store.h"

namespace fleetsign::state {

/// Safe to use from many threads; each call may wait for the disk. Domains are in lower case.
class PartnerKeys {
 public:
  /// Of more domains than that, those that were kept first are given up.
  static constexpr std::int64_t kCapacity = 100;

  explicit PartnerKeys(Store& store, std::int64_t capacity = kCapacity) : store_(store), capacity_(capacity) {}

  /// Nothing when none is known, or it cannot be read.
  [[nodiscard]] std::optional<crypto::PublicPoint> find(const std::string& domain) const;

  /// In place of the one that was kept before. Whether it is durable.
  bool keep(const std::string& domain, const crypto::PublicPoint& point);

 private:
  Store& store_;
  std::int64_t capacity_;
};

}  // namespace fleetsign::state
