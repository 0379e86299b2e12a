// SPDX-License-Identifier: Apache-2.0
// Whom we have given a local key, over restarts. The secret in a key comes here as a hash only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crypto/digest.h"
#include "crypto/result.h"
#include "daemon/state/store.h"
#include "protocol/time.h"

namespace fleetsign::state {

/// The public part of a key, which tells it from all others.
using ClientId = std::array<std::uint8_t, 9>;

struct Client {
  std::string name;
  crypto::Sha256Digest secret{};             ///< its hash
  std::int64_t created = 0;                  ///< Unix seconds
  std::optional<std::int64_t> expires = {};  ///< likewise; nothing: never
  bool is_revoked = false;                   ///< for now: the file may not say so, and then it is good after a restart

  [[nodiscard]] bool has_expired(std::int64_t unix_now) const { return expires && *expires <= unix_now; }
};

/// Safe to use from many threads. Looking one up asks memory; a change waits for the disk.
class Clients {
 public:
  /// More than that at once are somebody's script gone wrong.
  static constexpr std::size_t kCapacity = 10'000;

  enum class Refusal : std::uint8_t {
    exists,  ///< one of that name does, if only an expired one
    unknown,
    full,
    unwritable,
    unreadable,
  };

  /// While the file cannot be read, that is tried again so often.
  static constexpr protocol::Duration kRetry = std::chrono::seconds(1);

  /// The store outlives it. `now` never goes back, and may be called from many threads.
  Clients(Store& store, std::function<protocol::Instant()> now, std::size_t capacity = kCapacity)
      : store_(store), now_(std::move(now)), capacity_(capacity) {}

  /// Nothing when the key can be used from now on, and it is durable. `unwritable`: it cannot be used.
  std::optional<Refusal> add(const ClientId& id, const Client& client);

  /// Nothing when the key of that name cannot be used any more, and it is durable. It stays known as revoked, so that
  /// no copy that is put back gives it its use again. `unwritable`: it cannot be used until the next start.
  std::optional<Refusal> revoke(const std::string& name, std::int64_t unix_now);

  /// Nothing when there is none that is not revoked. Refusal::unreadable when that is not known.
  [[nodiscard]] crypto::Result<std::optional<Client>, Refusal> find(const ClientId& id) const;

  /// By name, with those whose revocation could not be written. Refusal::unreadable as well.
  [[nodiscard]] crypto::Result<std::vector<Client>, Refusal> all() const;

 private:
  using Known = std::map<ClientId, Client>;

  /// With mutex_ held: as the file says it the first time that it can be read; null until then.
  Known* known() const;

  Store& store_;
  const std::function<protocol::Instant()> now_;
  const std::size_t capacity_;
  std::mutex changing_{};  // held for the whole of a change, so that no two share a name; taken before mutex_
  mutable std::mutex mutex_{};
  mutable std::optional<Known> known_{};                 // with mutex_ held
  mutable std::optional<protocol::Instant> next_try_{};  // likewise
  std::set<ClientId> refused_{};                         // with mutex_ held: revoked, though the file may not say so
};

}  // namespace fleetsign::state
