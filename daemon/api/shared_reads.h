// SPDX-License-Identifier: Apache-2.0
// Reads of a vehicle that several callers want at once, or one after another: each answer is paid for once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "crypto/digest.h"
#include "daemon/http/message.h"
#include "daemon/upstream/client.h"
#include "daemon/upstream/fleet_api.h"
#include "daemon/vehicles/patience.h"
#include "protocol/time.h"

namespace fleetsign::api {

/// What decides the answer to a read, hashed: the token, what is asked for, and the fields that Fleet API gets, but for
/// those about caches, which are for us.
crypto::Sha256Digest key_of_read(const upstream::Bearer& token, const std::string& target,
                                 const http::Headers& for_fleet_api);

struct Read {
  crypto::Sha256Digest key;
  std::string vehicle;  ///< a VIN in upper case, or Fleet API's number
  vehicles::Patience patience;
  std::optional<std::chrono::seconds> oldest = {};  ///< how old an answer may be; nothing: as old as it is kept
};

/// What came of a read.
struct Reading {
  enum class From : std::uint8_t { asked, shared, kept };
  std::shared_ptr<const upstream::Delivered> answer = {};  ///< null where none came, or none in time
  From from = From::asked;
  std::chrono::seconds age{0};  ///< since it came
};

/// Safe to use from many threads.
class SharedReads {
 public:
  /// The most that is kept.
  struct Bounds {
    std::size_t answers = 1'000;
    std::size_t bytes = std::size_t{32} * 1024 * 1024;
  };

  /// `lifetime` is how long a success (200) is kept; zero: not at all.
  SharedReads(protocol::Duration lifetime, vehicles::Clock clock, Bounds bounds)
      : clock_(std::move(clock)), bounds_(bounds), lifetime_(lifetime) {}
  SharedReads(protocol::Duration lifetime, vehicles::Clock clock) : SharedReads(lifetime, std::move(clock), Bounds{}) {}

  /// From now on, also of what is kept already.
  void set_lifetime(protocol::Duration lifetime);

  /// Gets the answer. `unwanted` says whether the caller has gone and nobody else waits: while it is got, and as long
  /// as the caller's request and these reads live.
  using Ask = std::function<std::optional<upstream::Delivered>(const std::function<bool()>& unwanted)>;

  /// The first of those who want the same calls `ask`, with its own deadline, and the others wait for what comes, each
  /// as long as its patience lasts. Where `ask` gives nothing, the next one asks: only an answer is shared.
  Reading read(const Read& wanted, const Ask& ask);

  /// What was read of the vehicle so far is out of date: who reads it from now on asks anew. VIN and number of one
  /// vehicle are not known to belong together, so what was read by number is forgotten for every VIN, and the reverse.
  /// An empty name is no vehicle's.
  void forget(const std::string& vehicle);

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Answer = std::shared_ptr<const upstream::Delivered>;
  /// A request that is under way, and all who wait for it.
  struct Flight {
    std::string vehicle;
    bool is_led = false;
    std::size_t waiting = 0;
    Answer answer{};  // then it is over
    std::condition_variable changed{};
  };
  struct Kept {
    crypto::Sha256Digest key;
    std::string vehicle;
    Answer answer;
    protocol::Instant since;
  };
  class Leadership;

  // These take the held lock as proof.
  [[nodiscard]] std::optional<Reading> find(const Lock& held, const Read& wanted);
  void conclude(const Lock& held, const Read& wanted, const std::shared_ptr<Flight>& flight, const Answer& answer);
  void keep(const Lock& held, const Read& wanted, const Answer& answer);
  void drop_expired(const Lock& held);
  void drop(const Lock& held, std::list<Kept>::iterator kept);

  const vehicles::Clock clock_;
  const Bounds bounds_;
  std::mutex mutex_{};  // guards the rest
  protocol::Duration lifetime_;
  std::map<crypto::Sha256Digest, std::shared_ptr<Flight>> flights_{};  // that may be joined
  std::list<Kept> kept_{};                                             // the oldest first, as all live equally long
  std::map<crypto::Sha256Digest, std::list<Kept>::iterator> kept_by_key_{};
  std::size_t kept_bytes_ = 0;
};

}  // namespace fleetsign::api
