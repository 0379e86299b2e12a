// SPDX-License-Identifier: Apache-2.0
// The keys that sign for us: one for all vehicles, or, while it is being replaced, the next one for some of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "crypto/private_key.h"

namespace fleetsign::vehicles {

/// How far the replacement of a key has come for a vehicle.
enum class KeyStage : std::uint8_t {
  only,     ///< there is no next key
  waiting,  ///< there is one, which does not sign for this vehicle yet
  moved,    ///< the next key signs for it
};

/// Copies share the keys. Safe to use from many threads.
class ClientKeys {
 public:
  using Key = std::shared_ptr<const crypto::PrivateKey>;
  using Vins = std::set<std::string, std::less<>>;  ///< in upper case

  /// One key for every vehicle.
  ClientKeys(Key usual) : usual_(std::move(usual)) {}
  /// The next one for the vehicles that have moved.
  ClientKeys(Key usual, Key next, Vins moved)
      : usual_(std::move(usual)), next_(std::move(next)), moved_(std::move(moved)) {}

  [[nodiscard]] KeyStage stage_of(std::string_view vin) const;
  /// The key that signs for a vehicle.
  [[nodiscard]] const Key& of(std::string_view vin) const;
  /// The key that signs for all of these, of which there is one at least; null when they have not the same.
  [[nodiscard]] Key of_all(std::span<const std::string> vins) const;

  /// The one that vehicles are paired with from now on, and whose public half is therefore shown and registered.
  [[nodiscard]] const crypto::PrivateKey& hosted() const { return next_ ? *next_ : *usual_; }
  [[nodiscard]] const Key& usual() const { return usual_; }
  /// Null when there is none.
  [[nodiscard]] const Key& next() const { return next_; }
  [[nodiscard]] const Vins& moved() const { return moved_; }

 private:
  Key usual_;
  Key next_{};
  Vins moved_{};
};

}  // namespace fleetsign::vehicles
